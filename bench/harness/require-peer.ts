import { createRequire } from "node:module";
import { peersFolder } from "./peers.ts";

/** Loads a package of `bench/peers`. */
export const requirePeer: NodeJS.Require = createRequire(`${peersFolder}package.json`);

/** What the benchmarks use of the peers' PostgreSQL driver. */
export interface PeerPg {
  readonly Pool: new (options: object) => {
    on(event: "error", listener: (error: Error) => void): void;
    on(event: "connect", listener: (client: PeerClient) => void): void;
    query(text: string, values: readonly unknown[]): Promise<unknown>;
    end(): Promise<void>;
  };
}

interface PeerClient {
  on(event: "error", listener: (error: Error) => void): void;
}
