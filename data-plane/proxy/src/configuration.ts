import type { PlacedGateway, SnapshotStore } from "@kerf/call";
import { RouteTable } from "@kerf/call/http";
import { sensitiveNamesIn } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import type { GatewaySettings } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Authentication } from "./authentication/authentication.ts";
import type { Methods } from "./authentication/methods.ts";
import { healthSegment } from "./health.ts";
import type { Traffic, TrafficKeeper } from "./routes/traffic.ts";
import { GatewayShaping, type ShapingState } from "./shaping.ts";
import type { Front, Fronts } from "./tls/fronts.ts";

/** All that a gateway does at one moment; never changed, only replaced by another one. */
export interface GatewayConfiguration {
  readonly table: RouteTable;
  readonly settings: GatewaySettings;
  readonly traffic: Traffic;
  readonly authentication: Authentication;
  readonly front: Front;
  readonly shaping: GatewayShaping;
}

/** What of a gateway lives longer than one configuration. */
export interface LastingParts {
  readonly methods: Methods;
  readonly traffic: TrafficKeeper;
  readonly fronts: Fronts;
  readonly shaping: ShapingState;
}

/** The configuration of one gateway, made whole whenever its part of the placement changes; the last good one stays otherwise. */
export class CurrentConfiguration {
  readonly #name: string;
  readonly #store: SnapshotStore;
  readonly #log: Logger;
  readonly #lasting: LastingParts;
  #current: GatewayConfiguration;
  /** The gateway's entry that the configuration, or the last refusal, came from. */
  #from: string;

  /** @throws KerfError when the very first placement does not name the gateway or has conflicts: there is no last good one */
  constructor(name: string, store: SnapshotStore, log: Logger, lasting: LastingParts) {
    this.#name = name;
    this.#store = store;
    this.#log = log;
    this.#lasting = lasting;
    this.#from = this.#entry() ?? "";
    this.#current = this.#make();
    lasting.traffic.use(this.#current.traffic);
    store.onChange(() => this.#follow());
  }

  /** What to go by now. */
  get current(): GatewayConfiguration {
    return this.#current;
  }

  #follow(): void {
    const entry = this.#entry();
    if (entry === undefined || entry === this.#from) return;
    this.#from = entry;
    try {
      this.#current = this.#make();
      this.#lasting.traffic.use(this.#current.traffic);
      this.#log.info("the configuration changed", { routes: this.#current.table.routes.length });
    } catch (error) {
      this.#log.error("the new configuration is refused; the last good one stays", { error });
    }
  }

  #entry(): string | undefined {
    const gateway = this.#store.current?.gateways[this.#name];
    if (gateway === undefined) return undefined;
    // How many copies there are changes nothing of what a configuration is made from.
    const { instances: _instances, ...entry } = gateway;
    return JSON.stringify(entry);
  }

  #make(): GatewayConfiguration {
    const gateway = this.#store.current?.gateways[this.#name];
    if (gateway !== undefined) return configurationOf(gateway, this.#lasting);
    throw new KerfError("invalid_configuration", {
      message: `The placement knows no gateway ${JSON.stringify(this.#name)}.`,
      fix: "Restart the platform, so that it describes the app anew: kerf dev",
    });
  }
}

/** Makes everything that the entry asks for, or nothing. @throws KerfError that names what cannot be */
function configurationOf(
  entry: PlacedGateway,
  { methods, traffic, fronts, shaping }: LastingParts,
): GatewayConfiguration {
  const contracts = entry.backend === undefined ? entry.expose : [...entry.expose, entry.backend];
  const settings = (entry.settings ?? {}) as GatewaySettings;
  const authentication = methods.authentication(settings);
  return {
    table: new RouteTable(contracts, [healthSegment, ...authentication.paths]),
    settings,
    authentication,
    front: fronts.prepare(settings),
    traffic: traffic.prepare(settings, sensitiveNamesIn(contracts)),
    shaping: new GatewayShaping(settings, shaping),
  };
}
