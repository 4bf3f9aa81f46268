import type { CallOptions, Client, Contract } from "@kerf/contract";
import type { CallContext } from "@kerf/kernel";
import type { KeptAnswer } from "../policies/query-cache.ts";

/** What a call may be sent with by those who know how it is answered. */
export interface SendOptions extends CallOptions {
  /** Told how the answer is kept, when it is; before it is there, and before an error too. */
  kept?: ((how: KeptAnswer) => void) | undefined;
  /** The answer may come as RawJson. */
  raw?: boolean | undefined;
}

/** Sends one operation's calls; made when the first of them is made. */
export type Send = (
  context: CallContext,
  input: unknown,
  options: SendOptions | undefined,
) => unknown;

const boundTo = Symbol("context");

interface Stub {
  readonly [boundTo]: CallContext;
}

/**
 * Compiles a contract into a class of clients, with one method an operation: what is left to do for a call's context is
 * to make one object with one field.
 */
export function compileStub<C extends Contract>(
  contract: C,
  sendOf: (operation: string) => Send,
): (context: CallContext) => Client<C> {
  const Stub = function (this: { [boundTo]: CallContext }, context: CallContext): void {
    this[boundTo] = context;
  } as unknown as new (context: CallContext) => Client<C>;
  const methods: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of Object.keys(contract.operations)) {
    let send: Send | undefined;
    methods[name] = function (this: Stub, input: unknown, options?: CallOptions): unknown {
      send ??= sendOf(name);
      return send(this[boundTo], input, options);
    };
  }
  Stub.prototype = methods;
  return (context) => new Stub(context);
}
