import { headersOf, reasonOf } from "./ask.ts";
import type { Shopper } from "./shopper.ts";

/** How long an order is watched, milliseconds. */
const watchMs = 30_000;
/** How often a stream that broke is taken up again. */
const attempts = 10;

interface StreamEvent {
  id: string;
  kind: string;
  data: any;
}

/** Watches an order to its end, taking a stream that breaks up again where it was: every state comes once, in order. */
export async function watchOrder(shopper: Shopper, id: string): Promise<void> {
  const { journal } = shopper;
  const signal = AbortSignal.any([shopper.signal, AbortSignal.timeout(watchMs)]);
  let last = "";
  let states = 0;
  for (let attempt = 0; attempt < attempts && !signal.aborted; attempt += 1) {
    try {
      for await (const event of events(shopper, `/orders/${id}/stream`, last, signal)) {
        if (event.kind === "error") throw new TypeError(event.data.code);
        states += 1;
        if (event.data.sequence !== states)
          journal.isWrong(`state ${states} of the stream of order ${id}`, { event, last });
        last = event.id;
        if (event.data.status !== "confirmed" && event.data.status !== "rejected") continue;
        journal.saw("");
        journal.streams += 1;
        return;
      }
    } catch (thrown) {
      if (thrown instanceof WrongStatus && thrown.status < 500 && thrown.status !== 429) {
        journal.isWrong(`the stream of an accepted order, ${id}`, thrown.message);
        return;
      }
      if (!signal.aborted) journal.saw(`stream: ${wordsOf(thrown)}`);
    }
  }
}

class WrongStatus extends Error {
  readonly status: number;

  constructor(status: number) {
    super(String(status));
    this.status = status;
  }
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof WrongStatus ? thrown.message : reasonOf(thrown);
}

async function* events(
  shopper: Shopper,
  path: string,
  last: string,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const headers = headersOf({ token: shopper.token });
  headers.set("accept", "text/event-stream");
  if (last !== "") headers.set("last-event-id", last);
  const response = await fetch(shopper.url + path, { headers, signal });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new WrongStatus(response.status);
  }
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = parse(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== undefined) yield event;
    }
  }
}

function parse(block: string): StreamEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const data = fields.get("data");
  if (data === undefined) return undefined;
  return { id: fields.get("id") ?? "", kind: fields.get("event") ?? "", data: JSON.parse(data) };
}
