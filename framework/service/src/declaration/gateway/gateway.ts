import type { Contract } from "@kerf/contract";
import type { ServiceModule } from "../app.ts";
import type { GatewaySettings } from "./settings.ts";

/** One front door for one kind of client. */
export interface Gateway {
  readonly type: "gateway";
  readonly expose: readonly Contract<any, any, any>[];
  readonly backend: ServiceModule | undefined;
  readonly settings: GatewaySettings;
}

/** What a gateway is declared with. */
export interface GatewayOptions extends GatewaySettings {
  /** The contracts whose `http` operations it routes. */
  readonly expose: readonly Contract<any, any, any>[];
  /** A service without a database, run inside the gateway, that composes answers for this kind of client. */
  readonly backend?: ServiceModule;
}

/** Declares a gateway: the contracts whose `http` operations it routes, the backend made for its clients, and its settings. */
export function gateway(options: GatewayOptions): Gateway {
  const { expose, backend, ...settings } = options;
  return { type: "gateway", expose, backend, settings };
}
