import {
  Caller,
  connectFramed,
  PrincipalSigner,
  SnapshotDiscovery,
  type SnapshotStore,
  unitAt,
} from "@kerf/call";
import { type Clock, type Principal, systemRandom, type TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Keys } from "../resources/keys.ts";
import type { Security } from "../resources/security.ts";

/** What our own calls are made with. */
export interface OwnCallsAround {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly environment: string;
  readonly keys: Keys;
  readonly store: SnapshotStore;
  /** Who we are to programs that talk over TCP. */
  readonly security: Security | undefined;
  /** Has a service started that sleeps. */
  wake(service: string): Promise<void>;
}

/** Our own way to call services, for operators. */
export function ownCalls(around: OwnCallsAround) {
  const { clock, environment, keys, log, security, store, wheel } = around;
  const caller = new Caller({
    clock,
    random: systemRandom,
    wheel,
    log,
    discovery: new SnapshotDiscovery(store),
    connect: (address) =>
      connectFramed(address, {
        clock,
        wheel,
        log,
        hello: { instance: "platform" },
        security: security && {
          identity: security.identity,
          unitAt: (at) => unitAt(store.current, at),
        },
      }),
    wake: (service) => around.wake(service),
    checked: false,
  });
  const signer = new PrincipalSigner(keys.principal, { environment, clock });
  return { caller, signPrincipal: (principal: Principal): string => signer.sign(principal) };
}
