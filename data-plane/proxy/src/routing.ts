import type { SnapshotStore } from "@kerf/call";
import { RouteTable } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { healthSegment } from "./health.ts";

/** The routes of one gateway, rebuilt whole whenever its part of the placement changes; the last good ones stay otherwise. */
export class GatewayRouting {
  readonly #name: string;
  readonly #store: SnapshotStore;
  readonly #log: Logger;
  #table: RouteTable;
  /** The gateway's entry that the table, or the last refusal, came from. */
  #from: string;

  /** @throws KerfError when the very first placement does not name the gateway or has conflicts: there is no last good one */
  constructor(name: string, store: SnapshotStore, log: Logger) {
    this.#name = name;
    this.#store = store;
    this.#log = log;
    this.#from = this.#entry() ?? "";
    this.#table = this.#build();
    store.onChange(() => this.#follow());
  }

  /** The table to route by now. */
  get table(): RouteTable {
    return this.#table;
  }

  #follow(): void {
    const entry = this.#entry();
    if (entry === undefined || entry === this.#from) return;
    this.#from = entry;
    try {
      this.#table = this.#build();
      this.#log.info("the routes changed", { routes: this.#table.routes.length });
    } catch (error) {
      this.#log.error("the new routes are refused; the last good ones stay", { error });
    }
  }

  #entry(): string | undefined {
    const gateway = this.#store.current?.gateways[this.#name];
    return gateway === undefined ? undefined : JSON.stringify(gateway);
  }

  #build(): RouteTable {
    const gateway = this.#store.current?.gateways[this.#name];
    if (gateway === undefined) {
      throw new KerfError("invalid_configuration", {
        message: `The placement knows no gateway ${JSON.stringify(this.#name)}.`,
        fix: "Restart the platform, so that it describes the app anew: kerf dev",
      });
    }
    const contracts =
      gateway.backend === undefined ? gateway.expose : [...gateway.expose, gateway.backend];
    return new RouteTable(contracts, [healthSegment]);
  }
}
