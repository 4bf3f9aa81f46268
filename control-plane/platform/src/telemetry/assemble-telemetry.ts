import { join } from "node:path";
import type { Logger } from "@kerf/telemetry";
import type { PostgresServer } from "../resources/postgres-server.ts";
import { logFiles } from "./log-files.ts";
import { LogShipper } from "./log-shipper.ts";
import { StoreClient } from "./store-client.ts";
import { StoreProcess, type StoreProcessOptions } from "./store-process.ts";

/** What telemetry is put together from. */
export interface TelemetryOptions extends Omit<StoreProcessOptions, "client"> {
  readonly log: Logger;
  /** Database servers, whose logs are taken to the store too. */
  servers(): readonly PostgresServer[];
}

/** Puts together what keeps traces, logs and metrics, and what takes logs there. Starts nothing. */
export function assembleTelemetry(options: TelemetryOptions) {
  const { clock, home, log } = options;
  const client = new StoreClient(home.telemetrySocket, clock);
  const store = new StoreProcess({ ...options, client });
  const shipper = new LogShipper({
    clock,
    log,
    file: join(home.state, "shipped-logs.json"),
    client,
    socket: () => (store.state === "ready" ? home.telemetryOtlpSocket : undefined),
    sources: () => logFiles(home, options.servers()),
  });
  return {
    store,
    shipper,
    /** The store's client; undefined where the app does without a store. */
    get reachable(): StoreClient | undefined {
      return store.endpoint === undefined ? undefined : client;
    },
  };
}
