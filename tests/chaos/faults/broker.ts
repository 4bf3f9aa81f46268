import { setTimeout as sleep } from "node:timers/promises";
import type { TestBroker } from "@kerf/events/testing";
import type { DrawnFault, Fault } from "./fault.ts";
import { pause } from "./signals.ts";

/** What may happen to a broker, one thing at a time: a second one waits until the first is mended. */
export function brokerFaults(broker: TestBroker): readonly Fault[] {
  let before: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const next = before.then(work);
    before = next.catch(() => undefined);
    return next;
  };

  const killBroker: Fault = {
    name: "kill-broker",
    targets: ["broker"],
    lasts: [500, 6_000],
    strike: ({ lastsMs }: DrawnFault, _cluster, signal) =>
      alone(async () => {
        const { pid } = broker;
        await broker.kill();
        await sleep(lastsMs, undefined, { signal }).catch(() => undefined);
        await broker.start();
        return `kill -9 ${pid}, away for ${seconds(lastsMs)}`;
      }),
  };

  /** It comes back as another one that knows nothing. */
  const wipeBroker: Fault = {
    name: "wipe-broker",
    targets: ["broker"],
    strike: () =>
      alone(async () => {
        const { pid } = broker;
        await broker.kill();
        await broker.wipe();
        await broker.start();
        return `kill -9 ${pid}, its disk is lost`;
      }),
  };

  /** It stands still for longer than an answer may take. */
  const pauseBroker: Fault = {
    name: "pause-broker",
    targets: ["broker"],
    lasts: [6_000, 12_000],
    strike: ({ lastsMs }: DrawnFault, _cluster, signal) =>
      alone(async () => {
        const { pid } = broker;
        await pause([pid], lastsMs, signal);
        return `SIGSTOP ${pid}, SIGCONT after ${seconds(lastsMs)}`;
      }),
  };

  return [killBroker, killBroker, wipeBroker, pauseBroker, pauseBroker];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
