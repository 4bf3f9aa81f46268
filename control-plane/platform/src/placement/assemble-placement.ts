import { type PublicKey, type SignedSnapshot, SnapshotStore } from "@kerf/call";
import type { Logger } from "@kerf/telemetry";
import { type Keys, publicHalf } from "../resources/keys.ts";
import type { Security } from "../resources/security.ts";
import { Publisher, type PublisherOptions } from "./publisher.ts";
import type { EnvironmentFacts, Placement } from "./snapshot-builder.ts";

/** What tells everyone who runs where is put together from. */
export interface PlacementAround extends Pick<PublisherOptions, "clock" | "epoch" | "routers"> {
  readonly log: Logger;
  readonly environment: string;
  readonly keys: Keys;
  /** Where programs talk over TCP. */
  readonly security: Security | undefined;
  /** What is true now. */
  placement(facts: EnvironmentFacts): Placement;
}

/** Puts together who runs where, told to everyone who routes, ourselves included. Publishes nothing yet. */
export function assemblePlacement(around: PlacementAround) {
  const { clock, environment, epoch, keys, log, security } = around;
  const store = new SnapshotStore({ publicKey: publicHalf(keys.snapshot), log });
  const principalKey: PublicKey = publicHalf(keys.principal);
  const published = Promise.withResolvers<SignedSnapshot>();
  const publisher = new Publisher({
    clock,
    epoch,
    key: keys.snapshot,
    placement: () =>
      around.placement({
        environment,
        principalKeys: [principalKey],
        issuerKeys: [publicHalf(keys.issuer)],
        authorities: security?.authority.trusted,
      }),
    routers: () => around.routers(),
    onPublish: ({ generation }, signed) => {
      store.accept(signed);
      published.resolve(signed);
      log.info("placement published", { epoch, generation });
    },
  });
  security?.authority.onChange(() => publisher.changed());
  return {
    /** The newest placement, for our own calls. */
    store,
    publisher,
    /** What principals are verified with. */
    principalKey,
    /** The newest placement as programs get it; waits for the first. */
    signed: async (): Promise<SignedSnapshot> => publisher.signed ?? published.promise,
  };
}
