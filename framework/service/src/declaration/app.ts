import type { DiscoverySettings, Policies } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { TelemetrySettings } from "@kerf/telemetry";
import type { AlertSettings } from "./alerts.ts";
import type { Demonstrations } from "./demonstrations.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { UnitLimits } from "./limits.ts";
import type { UnitScale } from "./scale.ts";
import type { AnyService } from "./service.ts";

/** Loads a module whose default export is a service; lazy, so that a unit loads only its own. */
export type ServiceModule = () => Promise<{ readonly default: AnyService }>;

/** Which services share a program: each its own, or named units with their services (`"*"`: all others). */
export type Units = "each" | Readonly<Record<string, readonly string[] | "*">>;

/** A database server that Kerf does not run. */
export interface ExternalServer {
  /** File with its URL (`postgres://admin:…@host/postgres`), readable by its owner only. */
  readonly urlFile: string;
}

/** Services, gateways and their placement. */
export interface App {
  readonly type: "app";
  readonly name: string;
  readonly services: Readonly<Record<string, ServiceModule>>;
  readonly gateways: Readonly<Record<string, Gateway>>;
  readonly units: Units;
  /** What calls are set to where the defaults do not fit. */
  readonly policies: Policies;
  /** How traces are chosen and where they go. */
  readonly telemetry: TelemetrySettings;
  /** What is promised of operations, and when somebody is told that it is missed. */
  readonly alerts: AlertSettings;
  /** Servers that are not embedded, by the name that services use. */
  readonly servers: Readonly<Record<string, ExternalServer>>;
  /** What the copies of a unit may use. */
  readonly limits: Readonly<Record<string, UnitLimits>>;
  /** How the number of copies of a unit or gateway is decided by its load. */
  readonly scale: Readonly<Record<string, UnitScale>>;
  /** Units that run elsewhere, and where their instances are found. */
  readonly discovery: Readonly<Record<string, DiscoverySettings>>;
  /** What the dashboard offers to be shown while the app is developed. */
  readonly demonstrations: Demonstrations;
}

/** Declares an app; export it as the default of its module. */
export function app(
  name: string,
  options: {
    services: Readonly<Record<string, ServiceModule>>;
    gateways?: Readonly<Record<string, Gateway>>;
    /** Default: every service a unit of its own. */
    units?: Units;
    /** What calls are set to: of all services (`"*"`), of one, or of one operation (`"orders.get"`). */
    policies?: Policies;
    /** How traces are chosen and where they go. Default: nowhere. */
    telemetry?: TelemetrySettings;
    /** What is promised of operations, and when somebody is told that it is missed. Default: 0.999 of the calls of each are answered. */
    alerts?: AlertSettings;
    servers?: Readonly<Record<string, ExternalServer>>;
    /** By unit (`gateway:NAME` for a gateway): what one copy may use, such as `{ main: { memory: "512MB" } }`. Default: no limit. */
    limits?: Readonly<Record<string, UnitLimits>>;
    /** By unit (`gateway:NAME` for a gateway): how many copies it has, by its load, such as `{ search: { min: 1, max: 10, inFlight: 20 } }`; an operator's `kerf scale` counts more. Default: as many as `--replicas` says, of a gateway one. */
    scale?: Readonly<Record<string, UnitScale>>;
    /** By unit: runs elsewhere, and is found there. The platform starts no copy of it; needs `kerf dev --network tcp`. */
    discovery?: Readonly<Record<string, DiscoverySettings>>;
    /** Buttons on the dashboard's map for whoever sees the app for the first time, in the environment `dev` alone: `{ "place an order": { call: "orders.place", input, as: "ada" }, "break search": { stop: "search" } }`. */
    demonstrations?: Demonstrations;
  },
): App {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
    throw new KerfError("invalid_app", {
      message: `The app's name ${JSON.stringify(name)} must be lower-case letters, digits and "-", start with a letter, at most 40 long.`,
      fix: "Rename it.",
    });
  }
  return {
    type: "app",
    name,
    services: options.services,
    gateways: options.gateways ?? {},
    units: options.units ?? "each",
    policies: options.policies ?? {},
    telemetry: options.telemetry ?? {},
    alerts: options.alerts ?? {},
    servers: options.servers ?? {},
    limits: options.limits ?? {},
    scale: options.scale ?? {},
    discovery: options.discovery ?? {},
    demonstrations: options.demonstrations ?? {},
  };
}
