import type { ServedOperation } from "@kerf/call";
import { command, type Operation, schemaFrom } from "@kerf/contract";
import { type ErrorShape, KerfError, toKerfError } from "@kerf/kernel";

/** Name under which operators reach what a service keeps for itself; no author's operation has an underscore. */
export const operate = "kerf_operate";

/** One thing that an operator may ask of a service: its input is data, checked by the action itself. */
export type OperatorAction = (input: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** What an operator may ask of a service, by name: `events.parked`, `sagas.retry`. */
export type OperatorActions = Readonly<Record<string, OperatorAction>>;

const anything = { type: "object" } as const;

interface Asked {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What became of an action: why it failed is for the operator, and crosses the call path as an answer. */
export type ActionAnswer = { readonly output: unknown } | { readonly error: ErrorShape };

/** Looking at and mending what a service keeps, as an operation of it: any instance answers, over the same call path. */
export const operateOperation: Operation = command({
  access: "service",
  input: schemaFrom(anything, asked),
  output: schemaFrom(anything, (value) => value as ActionAnswer),
}) as unknown as Operation;

/** Serves the actions to operators, and to nobody else. */
export function serveActions(service: string, actions: OperatorActions): ServedOperation {
  return {
    async run({ input, context }): Promise<ActionAnswer> {
      try {
        if (context.caller !== "operator" && context.caller !== "platform")
          throw notAnOperator(context.caller, service);
        const { action, input: given } = input as Asked;
        const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
        if (run === undefined) throw unknownAction(service, action, actions);
        return { output: (await run(given)) ?? null };
      } catch (thrown) {
        return { error: toKerfError(thrown).toShape() };
      }
    },
  };
}

function notAnOperator(caller: string, service: string): KerfError {
  return new KerfError("forbidden", {
    message: `${caller} may not operate ${service}.`,
    fix: "Only operators may: use the command line or the control API.",
  });
}

function unknownAction(service: string, action: string, actions: OperatorActions): KerfError {
  return new KerfError("not_found", {
    message: `${service} has nothing to do for ${JSON.stringify(action)}.`,
    why: `It has: ${Object.keys(actions).join(", ") || "nothing"}.`,
    fix: "Name a service that has events, sagas or schedules.",
  });
}

function asked(value: unknown): Asked {
  const { action, input } = value as Partial<Asked>;
  if (typeof action === "string" && typeof input === "object" && input !== null)
    return { action, input };
  throw new KerfError("invalid_input", "An operator names an action and gives an input.");
}

/** A text that an action needs. Throws `invalid_input` when it is missing. */
export function textOf(input: Readonly<Record<string, unknown>>, name: string): string {
  const value = input[name];
  if (typeof value === "string" && value !== "") return value;
  throw new KerfError("invalid_input", {
    message: `${name} is missing.`,
    fix: `Give ${name} as a text.`,
  });
}
