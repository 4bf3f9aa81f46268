import { takesConnections } from "@kerf/call/http";
import { type Clock, delay, KerfError } from "@kerf/kernel";

/** How long a program may take until it takes connections, milliseconds. */
const readyMs = 60_000;
/** Pauses between two tries, milliseconds: from the first to the second, doubling. */
const [firstPauseMs, lastPauseMs] = [20, 250];

/** Resolves when somebody takes connections at `address`, `IP:PORT`. Throws `start_failed` after a minute. */
export async function awaitProgram(address: string, clock: Clock): Promise<void> {
  const until = clock.now() + readyMs;
  const [, host = "", port = ""] = /^(.+):(\d+)$/.exec(address) ?? [];
  for (let pause = firstPauseMs; ; pause = Math.min(lastPauseMs, pause * 2)) {
    if (await takesConnections(host, Number(port))) return;
    if (clock.now() > until) {
      throw new KerfError("start_failed", {
        message: `Nothing takes connections at port ${port} of the image after ${readyMs / 1_000} s.`,
        why: "Its program listens elsewhere, or on its loopback only, or needs longer.",
        fix: "Name the port where it listens: --port. It has to listen on every address (0.0.0.0).",
      });
    }
    await delay(clock, pause);
  }
}
