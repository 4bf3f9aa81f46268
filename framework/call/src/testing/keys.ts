import { generateKeyPairSync } from "node:crypto";
import type { PublicKey, Snapshot } from "../placement.ts";

/** An Ed25519 pair as JWK. */
export function keyPair(kid = "k1"): { publicKey: PublicKey; privateKey: Record<string, unknown> } {
  const pair = generateKeyPairSync("ed25519");
  return {
    publicKey: { ...pair.publicKey.export({ format: "jwk" }), kid },
    privateKey: { ...pair.privateKey.export({ format: "jwk" }), kid },
  };
}

/** A placement of the shelf in one unit, as the platform would publish it. */
export function snapshotOf(
  epoch: number,
  generation: number,
  more: Partial<Snapshot> = {},
): Snapshot {
  return {
    app: "library",
    environment: "test",
    epoch,
    generation,
    services: {
      shelf: { unit: "main", version: "1.0.0", uses: [] },
      reader: { unit: "main", version: "1.0.0", uses: ["shelf"] },
    },
    units: {
      main: { instances: [{ id: "main-1", address: "unix:/tmp/main-1.sock", state: "ready" }] },
    },
    gateways: {},
    principalKeys: [],
    issuerKeys: [],
    ...more,
  };
}
