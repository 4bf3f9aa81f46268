import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { Home } from "../state/home.ts";
import type { Slot } from "../supervisor/slot.ts";
import type { LogSource } from "./logs.ts";

/** The logs of a service, a unit, `gateway:NAME`, `postgres:NAME`, `broker`, `redis`, `platform`, `telemetry`, or of everything. Throws `not_found`. */
export function logSources(
  of: string | undefined,
  facts: {
    home: Home;
    units: Readonly<Record<string, readonly string[]>>;
    slots: readonly Slot[];
    servers: readonly { name: string }[];
    /** Whether there is a telemetry store. */
    telemetry: boolean;
    /** Images of others, a file for each copy. */
    images: readonly LogSource[];
    /** Of a broker that we run. */
    broker?: string | undefined;
    /** Of a Redis that we run. */
    redis?: string | undefined;
  },
): LogSource[] {
  const { home, units } = facts;
  const own: LogSource[] = [
    { source: "platform", file: join(home.logs, "platform.log") },
    ...(facts.broker === undefined ? [] : [{ source: "broker", file: facts.broker }]),
    ...(facts.redis === undefined ? [] : [{ source: "redis", file: facts.redis }]),
    ...(facts.telemetry ? [{ source: "telemetry", file: home.log("telemetry") }] : []),
  ];
  const servers = facts.servers.map(({ name }): LogSource => ({
    source: `postgres:${name}`,
    file: home.postgresLog(name),
  }));
  const programs = facts.slots.map((slot): LogSource => ({
    source: slot.unit,
    file: home.log(slot.name),
  }));
  const everything = [...programs, ...facts.images, ...servers, ...own];
  if (of === undefined) return everything;
  const named = everything.filter(({ source }) => source === of || source === `gateway:${of}`);
  if (named.length > 0) return named;
  const unit = Object.entries(units).find(([, services]) => services.includes(of))?.[0];
  if (unit !== undefined) {
    return programs
      .filter(({ source }) => source === unit)
      .map((source) => ({ ...source, service: of }));
  }
  throw new KerfError("not_found", {
    message: `Nothing that is called ${JSON.stringify(of)} has a log.`,
    fix: `Give one of: ${[...new Set([...Object.values(units).flat(), ...everything.map(({ source }) => source)])].join(", ")}`,
  });
}
