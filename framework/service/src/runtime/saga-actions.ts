import { KerfError } from "@kerf/kernel";
import type { Acting } from "@kerf/saga";
import type { BoundService } from "./bound-service.ts";
import type { OperatorActions } from "./operate.ts";

type Input = Readonly<Record<string, unknown>>;

/** What operators may do with the sagas of a service; nothing where there is no database to keep them. */
export function sagaActions(bound: BoundService): OperatorActions {
  if (bound.service.database === undefined) return {};
  return {
    "sagas.list": ({ all, name }) =>
      bound.sagaOperations.list({
        all: all === true,
        ...(typeof name === "string" ? { name } : undefined),
      }),
    "sagas.find": ({ of }) => {
      if (typeof of !== "string" || of === "")
        throw missing("of", "an id, or what it was started with");
      return bound.sagaOperations.find(of);
    },
    "sagas.show": (input) => bound.sagaOperations.show(idOf(input)),
    "sagas.cancel": async (input) => {
      await bound.sagaOperations.cancel(idOf(input), actingOf(input));
      return bound.sagaOperations.show(idOf(input));
    },
    "sagas.retry": async (input) => {
      await bound.sagaOperations.retry(idOf(input), actingOf(input));
      return bound.sagaOperations.show(idOf(input));
    },
    "sagas.resolve": async (input) => {
      const { by, note } = actingOf(input);
      if (note === undefined) throw missing("note", "why it is settled");
      await bound.sagaOperations.resolve(idOf(input), { by, note });
      return bound.sagaOperations.show(idOf(input));
    },
  };
}

function idOf({ id }: Input): string {
  if (typeof id === "string") return id;
  throw missing("id", "the id of a saga");
}

function actingOf({ by, note }: Input): Acting {
  return {
    by: typeof by === "string" && by !== "" ? by : "operator",
    note: typeof note === "string" && note.trim() !== "" ? note : undefined,
  };
}

function missing(name: string, what: string): KerfError {
  return new KerfError("invalid_input", {
    message: `The input needs ${JSON.stringify(name)}: ${what}.`,
    fix: "Give it as a text.",
  });
}
