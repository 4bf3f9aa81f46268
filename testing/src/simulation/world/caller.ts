import { DeclaredError, delay, KerfError } from "@kerf/kernel";
import type { SimulatedProcess } from "../process.ts";
import type { ServiceName } from "./bank.ts";
import type { CommandAnswer } from "./command.ts";
import type { World } from "./world.ts";

/** How long one attempt of a call may take, and all of them, milliseconds. */
const attemptMs = 2_000;
const callMs = 5_000;
/** Pause between two attempts, milliseconds. */
const pauseMs = 50;

/** A command as it is sent. */
export interface OutgoingCommand {
  readonly service: ServiceName;
  readonly operation: string;
  readonly input: unknown;
  readonly key: string;
}

/**
 * Sends a command: to another instance each time, under the same key, until one answers or the time is over. Throws the declared
 * error that it was answered with.
 */
export async function sendCommand(
  world: World,
  from: SimulatedProcess,
  { service, operation, input, key }: OutgoingCommand,
): Promise<unknown> {
  const { network, scheduler } = world;
  const { clock } = from;
  const end = clock.now() + callMs;
  for (;;) {
    const instances = world.instancesOf(service);
    let failure: unknown = new KerfError("unavailable", {
      message: `No ${service} is there.`,
      retry: "not-executed",
    });
    if (instances.length > 0) {
      try {
        const to = scheduler.pick(instances);
        const request = { operation, input, key };
        const answer = (await network.call(from, to, request, attemptMs)) as CommandAnswer;
        if ("ok" in answer) return answer.ok;
        throw new DeclaredError(answer.declined.code, answer.declined.data);
      } catch (error) {
        if (
          error instanceof DeclaredError ||
          !(error instanceof KerfError) ||
          error.retry === "never"
        )
          throw error;
        failure = error;
      }
    }
    if (clock.now() + pauseMs > end) throw failure;
    await delay(clock, pauseMs * (1 + scheduler.random.next()));
  }
}
