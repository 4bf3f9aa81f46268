import { describe } from "node:test";
import { answers } from "./answers.ts";
import { carriage } from "./carriage.ts";
import { closing, draining } from "./closing.ts";
import { endings } from "./endings.ts";
import { errors } from "./errors.ts";
import { Probe } from "./probe.ts";
import type { StartProbe, TransportSetup } from "./start-probe.ts";
import { streams } from "./streams.ts";

/**
 * Registers the tests that every transport must pass, so that a call means the same whatever carries it: answers,
 * errors, deadlines, cancellation, what travels with a call, streams, draining and closing.
 */
export function transportConformance(
  name: string,
  options: {
    checked: boolean;
    /** False for a transport whose two sides end together. */
    drains: boolean;
    setup: TransportSetup;
  },
): void {
  const start: StartProbe = async (t, handlers) => {
    const probe = new Probe(handlers, { checked: options.checked });
    const connected = await options.setup(probe.inbound, probe);
    t.after(async () => {
      await connected.close();
      probe.release();
    });
    return { ...connected, probe };
  };
  describe(`transport conformance: ${name}`, () => {
    answers(start);
    errors(start);
    endings(start);
    carriage(start);
    streams(start);
    closing(start);
    if (options.drains) draining(start);
  });
}
