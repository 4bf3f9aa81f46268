import { CallContext, type Clock, deadlineExceeded, KerfError } from "@kerf/kernel";
import type { LoadShedding } from "../policies/load-shedding.ts";
import { sequence } from "../sequence.ts";
import { isPlatforms } from "../may-call.ts";
import type { InboundOperation } from "./operation.ts";
import type { PrincipalVerifier } from "../principal.ts";
import { notHere, type Serving } from "./serving.ts";

/** What the positions are compiled from, beside the operation. */
export interface InboundSettings {
  readonly shedding: LoadShedding;
  readonly clock: Clock;
  readonly draining: () => boolean;
  readonly mayCall: (caller: string, service: string, operation: string) => boolean;
  /** Whether the placement lets `unit`, as a certificate names it, call in the name of `caller`. */
  readonly speaksFor: (unit: string, caller: string) => boolean;
  readonly principals: Pick<PrincipalVerifier, "verify">;
}

type Step = (serving: Serving) => void;

/** One position of the callee's half of the call path, before the handler. */
export interface InboundPosition {
  readonly name: string;
  /** Why it stands here and not elsewhere. */
  readonly reason: string;
  /** Throws to refuse the call; undefined when it does not apply to the operation. */
  readonly compile: (operation: InboundOperation, settings: InboundSettings) => Step | undefined;
}

/**
 * What a call passes before its input goes through the schema, its handler runs, its answer goes through the schema and
 * its errors are mapped: that part is the same for all and stands in `call.ts`.
 */
export const inboundPipeline: readonly InboundPosition[] = [
  {
    name: "drain",
    reason:
      "First: what is not executed here must be said before anything is, so that the caller may send it elsewhere. Calls from this process come from work that is still in flight, and are let through.",
    compile:
      ({ service }, { draining }) =>
      (serving) => {
        if (serving.remote && draining()) throw notHere(service);
      },
  },
  {
    name: "deadline",
    reason: "Before any work, since nobody waits for the answer any more.",
    compile:
      ({ name }) =>
      ({ incoming: { context } }) => {
        const reason = context.cancelled;
        if (reason !== undefined) throw reason;
        if (context.deadline <= context.wheel.now)
          throw deadlineExceeded(`${name} was about to run`);
      },
  },
  {
    name: "caller",
    reason:
      "Before the principal: a service that declares no use of this one learns nothing more, and a signature costs more than a name.",
    compile: (operation, { mayCall, speaksFor }) => {
      const { service, name, nearCallers, access } = operation;
      return ({ incoming, remote }) => {
        const { caller } = incoming.context;
        // Whose name it is comes before what that name may do.
        if (incoming.unit !== undefined && !speaksFor(incoming.unit, caller))
          throw impostor(incoming.unit, caller);
        if (!remote && nearCallers.has(caller)) return;
        if (!mayCall(caller, service, operation.operation)) throw undeclared(caller, service);
        if (access === "service" && caller.startsWith("gateway:")) throw serviceOnly(name);
        if (!remote) nearCallers.add(caller);
      };
    },
  },
  {
    name: "load shedding",
    reason:
      "After what costs nothing, so that only calls that will be served count; before the signature of the principal and the input, which cost the most. Calls of this process belong to one that was let in. A stream waits for most of its life, and the platform's own readers wait for news.",
    compile: ({ kind, name, criticality, operation }, { shedding, clock }) =>
      kind === "stream" || isPlatforms(operation)
        ? undefined
        : (serving) => {
            if (!serving.remote) return;
            shedding.enter(name, criticality);
            serving.enteredAt = clock.now();
          },
  },
  {
    name: "principal",
    reason:
      "Before the input, so that nobody learns from a validation error what he may not call. A principal counts with its token only, near as far: without one it could not travel.",
    compile:
      ({ access, name }, { principals }) =>
      (serving) => {
        const { context } = serving;
        const { principalToken } = context;
        if (principalToken === undefined) {
          if (access === "user") throw noPrincipal(name);
        } else if (context.principal === undefined)
          serving.context = withPrincipal(context, principalToken, principals);
      },
  },
];

/** Compiles the list for one operation. */
export function compileInbound(
  operation: InboundOperation,
  settings: InboundSettings,
  positions: readonly InboundPosition[] = inboundPipeline,
): Step {
  return sequence(positions.flatMap((position) => position.compile(operation, settings) ?? []));
}

function withPrincipal(
  context: CallContext,
  token: string,
  principals: Pick<PrincipalVerifier, "verify">,
): CallContext {
  return new CallContext({
    clock: context.clock,
    wheel: context.wheel,
    deadline: context.deadline,
    trace: context.trace,
    caller: context.caller,
    principal: principals.verify(token),
    principalToken: token,
    idempotencyKey: context.idempotencyKey,
    parent: context,
  });
}

function impostor(unit: string, caller: string): KerfError {
  return new KerfError("forbidden", {
    message: `${unit} may not call in the name of ${caller}.`,
    why: `By its certificate the calling program is ${unit}, and the placement has ${caller} elsewhere.`,
    fix: "A service calls from the unit that it is placed in; kerf status shows where that is.",
  });
}

function undeclared(caller: string, service: string): KerfError {
  return new KerfError("forbidden", {
    message: `${caller} may not call ${service}.`,
    why: caller.startsWith("gateway:")
      ? "The gateway neither exposes its contract nor uses it."
      : `It does not declare ${service} in its uses.`,
    fix: `Add the contract of ${service} to what ${caller} ${caller.startsWith("gateway:") ? "exposes" : "uses"}.`,
  });
}

function serviceOnly(name: string): KerfError {
  return new KerfError("forbidden", {
    message: `${name} is for other services only; a gateway may not call it.`,
    fix: `Give it access "user" or "public" in its contract if clients should reach it.`,
  });
}

function noPrincipal(name: string): KerfError {
  return new KerfError("unauthenticated", {
    message: `${name} needs to know who the call is for.`,
    why: "The call carries no principal signed by a gateway.",
    fix: "Sign in and send the bearer token; in a test, sign a principal for the context.",
  });
}
