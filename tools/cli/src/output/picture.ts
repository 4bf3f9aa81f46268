import type { GatewayStatus, RunState, Status, UnitStatus } from "@kerf/control-api";
import { type Ink, type Paint } from "./paint.ts";
import { padTo, widthOf } from "./width.ts";

/** What the picture is drawn from: a part of the status. */
export type Pictured = Pick<
  Status,
  | "app"
  | "environment"
  | "phase"
  | "units"
  | "gateways"
  | "services"
  | "databases"
  | "broker"
  | "redis"
  | "platform"
>;

const margin = "  ";
const clients = "clients";

/** How many services that wait for something are named. */
const namedWaiting = 3;

/** What runs, as the design draws it: clients, front doors, units with their services, databases. At most 80 columns. */
export function picture(status: Pictured, paint: Paint): string {
  const indent = margin + " ".repeat(widthOf(`${clients} ──▶ `));
  return [
    `${margin}${paint("strong", status.app)} ${paint("faint", `${status.environment}, ${summary(status)}`)}`,
    "",
    ...gatewayLines(status.gateways, paint),
    `${indent}${paint("faint", "│")}`,
    ...unitLines(status, paint).map((line) => indent + line),
    "",
    ...placeLines(status, paint).map((line) => margin + line),
  ].join("\n");
}

function summary(status: Pictured): string {
  if (status.phase !== "ready") return status.phase;
  const { ailing, all } = counts(status);
  if (ailing > 0) return `${ailing} of ${all} not ready`;
  const waiting = status.services.filter(({ problem }) => problem !== undefined);
  if (waiting.length === 0) return "everything is ready";
  const names = waiting.slice(0, namedWaiting).map(({ name }) => name);
  const more = waiting.length - names.length;
  return `everything is ready but ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** How many processes there are, and how many of them are not ready. */
export function counts({ units, gateways, databases }: Pictured): { ailing: number; all: number } {
  const parts = [...units.flatMap((unit) => unit.instances), ...gateways, ...databases];
  return { ailing: parts.filter(({ state }) => state !== "ready").length, all: parts.length };
}

function gatewayLines(gateways: readonly GatewayStatus[], paint: Paint): string[] {
  if (gateways.length === 0) return [`${margin}${clients} ${paint("faint", "(no gateway)")}`];
  const width = Math.max(...gateways.map(({ name }) => widthOf(name)));
  const copies = Map.groupBy(gateways, ({ name }) => name);
  return [...copies].map(([name, all], index) => {
    const from = index === 0 ? clients : " ".repeat(widthOf(clients));
    const url = all.find((copy) => copy.url !== "")?.url ?? "";
    // What is as it usually is need not be said.
    const isUsual = all.length === 1 && all[0]?.state === "ready";
    const state = isUsual ? "" : `  ${copiesState(all, paint)}`;
    return `${margin}${from} ${paint("faint", "──▶")} ${paint("strong", padTo(name, width))}  ${paint("name", url)}${state}`;
  });
}

function unitLines(status: Pictured, paint: Paint): string[] {
  const { units } = status;
  const width = Math.max(
    0,
    ...units.flatMap((unit) => [
      widthOf(unit.name),
      ...(isAlone(unit) ? [] : unit.services.map((name) => widthOf(name) + 4)),
    ]),
  );
  return units.flatMap((unit, index) => {
    const last = index === units.length - 1;
    const name = `${paint("faint", last ? "└──" : "├──")} ${paint("strong", padTo(unit.name, width))}`;
    const state = unitState(unit, paint);
    if (isAlone(unit))
      return [`${name}  ${state}${databaseOf(status, unit.services[0] ?? "", paint)}`];
    const rail = paint("faint", last ? " " : "│");
    return [
      `${name}  ${state}`,
      ...unit.services.map((service, position) => {
        const corner = paint("faint", position === unit.services.length - 1 ? "└──" : "├──");
        const stateColumns = " ".repeat(widthOf(state));
        return `${rail}   ${corner} ${padTo(service, width - 4)}  ${stateColumns}${databaseOf(status, service, paint)}`.trimEnd();
      }),
    ];
  });
}

/** A unit that is nothing but the service of its name takes one line. */
function isAlone(unit: UnitStatus): boolean {
  return unit.services.length === 1 && unit.services[0] === unit.name;
}

function databaseOf(status: Pictured, service: string, paint: Paint): string {
  const server = status.databases.find(({ services }) => services.includes(service));
  return server === undefined ? "" : ` ${paint("faint", "──▶ database on")} ${server.server}`;
}

function unitState({ instances, scaling }: UnitStatus, paint: Paint): string {
  if (instances.length === 0 && scaling?.asleep === true) return paint("faint", "asleep");
  if (instances.length === 0) return paint("bad", "no instance");
  return copiesState(instances, paint);
}

/** The state of all copies in a word or two. */
function copiesState(copies: readonly { readonly state: RunState }[], paint: Paint): string {
  const ready = copies.filter(({ state }) => state === "ready").length;
  const all = copies.length;
  if (all === 1) return stateText(copies[0]?.state ?? "stopped", paint);
  return ready === all ? paint("good", `ready ×${all}`) : paint("warn", `${ready} of ${all} ready`);
}

/** A state in its colour. */
export function stateText(state: RunState, paint: Paint): string {
  const ink: Ink =
    state === "ready" ? "good" : state === "crashed" || state === "stopped" ? "bad" : "warn";
  return paint(ink, state);
}

function kindOf({ embedded, image }: Status["databases"][number]): string {
  if (image !== undefined) return `PostgreSQL in a container (${image})`;
  return embedded ? "embedded PostgreSQL" : "PostgreSQL by URL";
}

function placeLines({ broker, databases, platform, redis }: Pictured, paint: Paint): string[] {
  const title = (text: string): string => paint("faint", padTo(text, 11));
  const width = Math.max(0, ...databases.map(({ server }) => widthOf(server)));
  return [
    ...databases.map((server, index) => {
      const kind = kindOf(server);
      const count = `${server.services.length} database${server.services.length === 1 ? "" : "s"}`;
      const state = server.state === "ready" ? "" : `  ${stateText(server.state, paint)}`;
      return `${title(index === 0 ? "databases" : "")} ${padTo(server.server, width)}  ${paint("faint", `${kind}, ${count}`)}${state}`;
    }),
    ...brokerLines(broker, paint),
    ...redisLines(redis, paint),
    `${title("platform")} ${paint("name", platform.url)}`,
  ];
}

/** Redis, where services keep something there, and what is to be known of it. */
function redisLines(redis: Status["redis"], paint: Paint): string[] {
  if (redis === undefined) return [];
  const { image, note, own, services, url } = redis;
  const state = redis.state === "ready" ? "" : `  ${stateText(redis.state, paint)}`;
  const place = own ? "a process of this machine" : url;
  const where = image === undefined ? place : `a container (${image})`;
  const count = `${services.length} service${services.length === 1 ? "" : "s"}`;
  const title = paint("faint", padTo("redis", 11));
  return [
    `${title} ${paint("faint", `${where}, ${count}`)}${state}`,
    ...(note === undefined ? [] : [`${" ".repeat(12)}${paint("warn", note)}`]),
  ];
}

/** The broker, where the platform runs it. */
function brokerLines(broker: Status["broker"], paint: Paint): string[] {
  if (broker === undefined) return [];
  const state = broker.state === "ready" ? "" : `  ${stateText(broker.state, paint)}`;
  const where = paint("faint", `NATS in a container (${broker.image})`);
  return [`${paint("faint", padTo("broker", 11))} ${where}${state}`];
}
