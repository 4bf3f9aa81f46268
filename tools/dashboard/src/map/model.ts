import type {
  GatewayStatus,
  InstanceStatus,
  RunState,
  Status,
  TrafficMap,
} from "@kerf/control-api";
import type { Manifest } from "../api/manifest.ts";

/** What is measured of a box or a way. */
export interface Measured {
  readonly ratePerSecond: number;
  /** 0 to 1. */
  readonly errorShare: number;
  readonly p95Ms?: number | undefined;
}

/** A box of the map: what runs, or where data lies. */
export interface Box {
  readonly id: string;
  readonly kind: "client" | "gateway" | "unit" | "database" | "foreign";
  readonly label: string;
  /** What is in it. */
  readonly services: readonly string[];
  /** The worst of its copies; absent for clients. */
  readonly state?: RunState;
  readonly copies?: number;
  readonly ready?: number;
  readonly problem?: string | undefined;
  readonly load?: Measured | undefined;
}

/** A way between two boxes. */
export interface Way {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly kind: "call" | "event" | "data" | "http";
  /** `unused`: declared and without traffic; `undeclared`: used, and no declaration names it; `plain`: nothing is known of traffic. */
  readonly use: "used" | "unused" | "undeclared" | "plain";
  readonly traffic?: Measured | undefined;
}

/** The architecture as it runs. */
export interface Picture {
  readonly boxes: readonly Box[];
  readonly ways: readonly Way[];
}

/** The worst first. */
const severity: readonly RunState[] = [
  "crashed",
  "restarting",
  "stopped",
  "starting",
  "draining",
  "ready",
];

/** Draws what runs and what is declared; with traffic, what is used of it. Ways within a unit are not drawn: nothing goes over a network there. */
export function pictureOf(status: Status, manifest: Manifest, traffic?: TrafficMap): Picture {
  const unitOf = new Map(
    status.units.flatMap(({ name, services }) =>
      services.map((service) => [service, `unit:${name}`] as const),
    ),
  );
  const problems = new Map(
    status.services.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [[name, problem.message] as const],
    ),
  );
  // Before anything was measured, nothing can be said of what is used.
  const isMeasured = traffic?.edges.some(({ ratePerSecond }) => ratePerSecond > 0) === true;
  const boxes: Box[] = [
    { id: "clients", kind: "client", label: "clients", services: [] },
    ...[...Map.groupBy(status.gateways, ({ name }) => name)].map(([name, copies]): Box => ({
      id: `gateway:${name}`,
      kind: "gateway",
      label: name,
      services: [],
      ...ofCopies(copies),
    })),
    ...status.units.map(({ instances, name, services }): Box => {
      const all = ofCopies(instances);
      const problem = services
        .map((service) => problems.get(service))
        .find((each) => each !== undefined);
      return {
        id: `unit:${name}`,
        kind: "unit",
        label: name,
        services,
        ...all,
        problem: problem ?? all.problem,
      };
    }),
    ...status.databases.map((database): Box => ({
      id: `database:${database.server}`,
      kind: "database",
      label: database.server,
      services: database.services,
      ...(database.embedded ? { state: database.state } : undefined),
      problem: database.lastError?.message,
    })),
  ];
  for (const { kind, label } of traffic?.nodes ?? [])
    if (isForeign(kind))
      boxes.push({ id: `foreign:${label}`, kind: "foreign", label, services: [] });
  const known = new Set(boxes.map(({ id }) => id));
  const ways = new Map<string, Way>();
  const add = (from: string | undefined, to: string | undefined, kind: Way["kind"]): void => {
    if (from === undefined || to === undefined || from === to) return;
    if (!known.has(from) || !known.has(to)) return;
    const id = `${from}→${to}:${kind}`;
    ways.set(id, { id, from, to, kind, use: isMeasured ? "unused" : "plain" });
  };
  for (const { backend, expose, name } of manifest.gateways) {
    add("clients", `gateway:${name}`, "http");
    for (const contract of expose) add(`gateway:${name}`, unitOf.get(contract.name), "call");
    for (const use of backend?.uses ?? []) add(`gateway:${name}`, unitOf.get(use.name), "call");
  }
  for (const { database, follows, name, uses } of manifest.services) {
    const own = unitOf.get(name);
    for (const use of uses) if (use.followed !== true) add(own, unitOf.get(use.name), "call");
    // Events go from their producer to who follows.
    for (const producer of follows) add(unitOf.get(producer), own, "event");
    if (database !== undefined) add(own, `database:${database.server}`, "data");
  }
  if (isMeasured) addTraffic(ways, known, traffic, unitOf);
  return { boxes, ways: [...ways.values()] };
}

/** What there is to say of copies together. */
function ofCopies(
  copies: readonly InstanceStatus[] | readonly GatewayStatus[],
): Pick<Box, "copies" | "load" | "problem" | "ready" | "state"> {
  return {
    state: worst(copies.map(({ state }) => state)),
    copies: copies.length,
    ready: copies.filter(({ state }) => state === "ready").length,
    problem: copies.find(({ state }) => state !== "ready")?.lastError?.message,
    load: together(copies.flatMap(({ load }) => load ?? [])),
  };
}

/** What was measured, of all ways that lie between the same two boxes. */
function addTraffic(
  ways: Map<string, Way>,
  known: ReadonlySet<string>,
  { edges, nodes }: TrafficMap,
  unitOf: ReadonlyMap<string, string>,
): void {
  const boxOf = new Map(
    nodes.map(({ id, kind, label }) => {
      // Operators call as they like: what they do is no way of the architecture.
      if (kind === "client") return [id, id === "client" ? "clients" : ""];
      if (kind === "service") return [id, unitOf.get(label) ?? ""];
      return [id, isForeign(kind) ? `foreign:${label}` : `${kind}:${label}`];
    }),
  );
  const measured = Map.groupBy(
    edges,
    ({ from, kind, to }) => `${boxOf.get(from)}→${boxOf.get(to)}:${kind}`,
  );
  for (const [id, same] of measured) {
    const [first] = same as [TrafficMap["edges"][number]];
    const from = boxOf.get(first.from) ?? "";
    const to = boxOf.get(first.to) ?? "";
    if (from === to || !known.has(from) || !known.has(to)) continue;
    const sum = together(
      same.map(({ errorShare, p95Ms, ratePerSecond }) => ({
        callsPerSecond: ratePerSecond,
        failureShare: errorShare,
        p95Ms,
      })),
    );
    const isUsed = (sum?.ratePerSecond ?? 0) > 0;
    const isDeclared = ways.has(id) || same.every(({ declared }) => declared);
    if (!isUsed && !ways.has(id)) continue;
    ways.set(id, {
      id,
      from,
      to,
      kind: first.kind,
      use: isUsed ? (isDeclared ? "used" : "undeclared") : "unused",
      traffic: isUsed ? sum : undefined,
    });
  }
}

/** Known by its traffic alone: the app declares nothing of it. */
function isForeign(kind: TrafficMap["nodes"][number]["kind"]): boolean {
  return kind === "foreign" || kind === "broker";
}

/** Rates add up; errors by their share of the calls; the slowest p95 says how slow it gets. */
function together(
  loads: readonly {
    readonly callsPerSecond: number;
    readonly failureShare: number;
    readonly p95Ms?: number | undefined;
  }[],
): Measured | undefined {
  if (loads.length === 0) return undefined;
  const ratePerSecond = loads.reduce((sum, load) => sum + load.callsPerSecond, 0);
  const failed = loads.reduce((sum, load) => sum + load.callsPerSecond * load.failureShare, 0);
  const slowest = loads.flatMap(({ p95Ms }) => p95Ms ?? []);
  return {
    ratePerSecond,
    errorShare: ratePerSecond === 0 ? 0 : failed / ratePerSecond,
    ...(slowest.length === 0 ? undefined : { p95Ms: Math.max(...slowest) }),
  };
}

/** The worst of some states; `stopped` without any. */
export function worst(states: readonly RunState[]): RunState {
  return severity.find((state) => states.includes(state)) ?? "stopped";
}
