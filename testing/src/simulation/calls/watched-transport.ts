import type { Request, Transport } from "@kerf/call";
import type { Errand } from "./contracts.ts";

/** What somebody outside learns of an attempt. */
export interface Watcher {
  sent(request: Request): void;
  failed(request: Request): void;
}

/** A transport that is looked at: it changes nothing. */
export function watched(transport: Transport, watcher: Watcher): Transport {
  return {
    get inFlight() {
      return transport.inFlight;
    },
    get usable() {
      return transport.usable;
    },
    probe: () => transport.probe(),
    onUnusable: (listener) => transport.onUnusable(listener),
    close: () => transport.close(),
    call(request) {
      watcher.sent(request);
      const answer = transport.call(request);
      answer.catch(() => watcher.failed(request));
      return answer;
    },
    stream(request) {
      watcher.sent(request);
      const items = transport.stream(request);
      return {
        next() {
          const item = items.next();
          item.catch(() => watcher.failed(request));
          return item;
        },
        return: (value) => items.return?.(value) ?? Promise.resolve({ done: true, value }),
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
  };
}

/** Which call of a stub an attempt belongs to. */
export function callOf(request: Request): number {
  return (request.input as Errand).call;
}
