import { sendOver, type Transport } from "@kerf/call";
import type { Crash } from "./crash.ts";

/** A transport whose calls are points, before each leaves and after its answer has arrived. */
export function watchTransport(transport: Transport, crash: Crash): Transport {
  return {
    call: (request) => transport.call(request),
    send(request, reply) {
      const context = `${request.service}.${request.operation}`;
      const after = (): void => void crash.reach("after", ["call path: send"], context);
      crash.reach("before", ["call path: send"], context);
      sendOver(transport, request, {
        answered(value) {
          after();
          reply.answered(value);
        },
        refused(error) {
          after();
          reply.refused(error);
        },
      });
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
