import type { Transport } from "@kerf/call";
import type { Crash } from "./crash.ts";

/** A transport whose calls are points, before each leaves and after its answer has arrived. */
export function watchTransport(transport: Transport, crash: Crash): Transport {
  return {
    async call(request) {
      const context = `${request.service}.${request.operation}`;
      crash.reach("before", ["call path: call"], context);
      try {
        return await transport.call(request);
      } finally {
        crash.reach("after", ["call path: call"], context);
      }
    },
    async *stream(request) {
      const context = `${request.service}.${request.operation}`;
      crash.reach("before", ["call path: stream"], context);
      for await (const item of transport.stream(request)) {
        crash.reach("after", ["call path: stream"], context);
        yield item;
      }
    },
    get inFlight() {
      return transport.inFlight;
    },
    get usable() {
      return transport.usable;
    },
    probe: () => transport.probe(),
    onUnusable: (listener) => transport.onUnusable(listener),
    close: () => transport.close(),
  };
}
