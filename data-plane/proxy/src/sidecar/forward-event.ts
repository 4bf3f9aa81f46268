import { type Clock, deadlineExceeded } from "@kerf/kernel";
import type { Forwarding } from "@kerf/service";
import { formatTraceparent } from "@kerf/telemetry";
import { bodyOf, type ProgramClient } from "./program-client.ts";
import { errorOfAnswer } from "./program-error.ts";

/**
 * How long the program may take over one event, milliseconds: the transaction that marks it as applied stays open meanwhile, and
 * ends by itself after 15 s (`framework/events`: the consumer's transaction).
 */
const eventMs = 5_000;

/** Posts events to a program as CloudEvents in HTTP's binary mode (CloudEvents 1.0, HTTP protocol binding 3.1). `common`: headers of every request. */
export function forwardEvents(
  client: ProgramClient,
  clock: Clock,
  common: () => Readonly<Record<string, string>>,
): Forwarding["event"] {
  return async (producer, name, { event, trace }) => {
    const over = new AbortController();
    const timer = clock.after(eventMs, () =>
      over.abort(deadlineExceeded(`the program applied ${producer}.${name}`)),
    );
    try {
      const answer = await client.send({
        method: "POST",
        target: `/events/${producer}/${name}`,
        body: JSON.stringify(event.payload),
        signal: over.signal,
        headers: {
          ...common(),
          "ce-specversion": "1.0",
          "ce-id": event.id,
          "ce-source": `/${producer}`,
          "ce-type": `${producer}.${event.name}`,
          "ce-subject": encodeURIComponent(event.key),
          "ce-time": event.at,
          traceparent: formatTraceparent(trace),
        },
      });
      const { statusCode = 0 } = answer;
      if (statusCode < 200 || statusCode >= 300)
        throw await errorOfAnswer(answer, undefined, over.signal);
      await bodyOf(answer, over.signal);
    } finally {
      timer.cancel();
    }
  };
}
