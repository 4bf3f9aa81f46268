import type { CallOptions } from "@kerf/contract";
import { type CallContext, type KerfError, toKerfError } from "@kerf/kernel";
import type { ServiceName } from "./contracts.ts";
import type { Program } from "./program.ts";
import type { World } from "./world.ts";

/** One call of a stub as the properties know it. */
export interface MadeCall {
  readonly number: number;
  readonly id: string;
  readonly service: ServiceName;
  readonly operation: string;
  readonly program: Program;
  /** Simulated milliseconds at which it must be over. */
  readonly deadline: number;
}

/** Makes a call by a client's stub and tells the properties what becomes of it. Throws KerfError only. */
export async function make<T>(
  world: World,
  program: Program,
  about: { readonly service: ServiceName; readonly operation: string; readonly id: string },
  context: CallContext,
  deadlineMs: number,
  send: (call: number, options: CallOptions) => PromiseLike<T>,
): Promise<T> {
  const { properties, scheduler } = world;
  const ownDeadline = scheduler.now + deadlineMs;
  const call: MadeCall = {
    number: world.nextCall(),
    ...about,
    program,
    deadline: Math.min(ownDeadline, program.simulated(context.deadline)),
  };
  properties.called(call);
  try {
    const answer = await send(call.number, { deadlineMs });
    properties.ended(call, undefined);
    return answer;
  } catch (thrown) {
    const error: KerfError = toKerfError(thrown);
    properties.ended(call, error);
    throw error;
  }
}
