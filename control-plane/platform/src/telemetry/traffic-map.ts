import type { TrafficMap } from "@kerf/control-api";
import type { AppManifest } from "@kerf/service";

type Node = TrafficMap["nodes"][number];
type Edge = TrafficMap["edges"][number];

/** How much went from one to the other, as the store knows it. */
export interface StoreEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: Edge["kind"];
  readonly count: number;
  readonly errors: number;
  readonly ratePerSecond: number;
  readonly errorShare: number;
  readonly p95Ms?: number;
}

/** Who sends requests to gateways. */
const client = "client";
/** As whom the platform calls for people at the command line. */
const operator = "operator";

/** What the app declares with what was seen of it. `own`: only paths from and to these services. */
export function trafficMap(
  manifest: AppManifest,
  unitOf: (service: string) => string | undefined,
  seen: readonly StoreEdge[],
  own?: readonly string[],
): Pick<TrafficMap, "nodes" | "edges"> {
  const edges = new Map<string, Edge>();
  for (const [from, to, kind] of declaredEdges(manifest)) {
    const edge: Edge = { from, to, kind, declared: true, ratePerSecond: 0, errorShare: 0 };
    edges.set(keyOf(edge), edge);
  }
  const used = Map.groupBy(
    seen.map((edge) => placed(manifest, edge)),
    keyOf,
  );
  for (const [key, some] of used) {
    const [first] = some as [StoreEdge];
    const declared = edges.has(key);
    edges.set(key, { from: first.from, to: first.to, kind: first.kind, declared, ...sum(some) });
  }
  const shown = [...edges.values()].filter(
    ({ from, to }) => own === undefined || own.includes(from) || own.includes(to),
  );
  const named = new Set(shown.flatMap(({ from, to }) => [from, to]));
  const known = declaredNodes(manifest, unitOf);
  const nodes = known.filter(({ id }) => own === undefined || own.includes(id) || named.has(id));
  const foreign = [...named].filter((id) => !known.some((node) => node.id === id));
  return { nodes: [...nodes, ...foreign.map(foreignNode)], edges: shown };
}

function declaredNodes(
  { gateways, services }: AppManifest,
  unitOf: (service: string) => string | undefined,
): Node[] {
  const servers = new Set(services.flatMap(({ database }) => database?.server ?? []));
  return [
    ...(gateways.length === 0 ? [] : [{ id: client, kind: "client" as const, label: "clients" }]),
    ...gateways.map(({ name }): Node => ({ id: `gateway:${name}`, kind: "gateway", label: name })),
    ...services.map(({ name }): Node => {
      const unit = unitOf(name);
      return {
        id: name,
        kind: "service",
        label: name,
        ...(unit === undefined ? undefined : { unit }),
      };
    }),
    ...[...servers].map((name): Node => ({
      id: `postgres:${name}`,
      kind: "database",
      label: name,
    })),
  ];
}

function foreignNode(id: string): Node {
  if (id === operator) return { id, kind: "client", label: "operators" };
  return { id, kind: "foreign", label: id };
}

function declaredEdges({
  gateways,
  services,
}: AppManifest): (readonly [string, string, Edge["kind"]])[] {
  return [
    ...gateways.flatMap(({ backend, expose, name }) => [
      [client, `gateway:${name}`, "http"] as const,
      ...expose.map((contract) => [`gateway:${name}`, contract.name, "call"] as const),
      ...(backend?.uses ?? []).map((use) => [`gateway:${name}`, use.name, "call"] as const),
    ]),
    ...services.flatMap(({ database, follows, name, uses }) => [
      ...uses
        .filter(({ followed }) => followed !== true)
        .map((use) => [name, use.name, "call"] as const),
      ...follows.map((producer) => [producer, name, "event"] as const),
      ...(database === undefined ? [] : [[name, `postgres:${database.server}`, "data"] as const]),
    ]),
  ];
}

/** A path with the names of the map: a database's server for the database, a gateway for its backend. */
function placed(manifest: AppManifest, edge: StoreEdge): StoreEdge {
  const at = (name: string): string => {
    const gateway = manifest.gateways.find(({ backend }) => backend?.name === name);
    return gateway === undefined ? name : `gateway:${gateway.name}`;
  };
  const server = manifest.services.find(({ name }) => name === edge.from)?.database?.server;
  const isData = edge.kind === "data" && server !== undefined;
  return { ...edge, from: at(edge.from), to: isData ? `postgres:${server}` : at(edge.to) };
}

/** Several paths that are one on the map. Of quantiles the worst is known. */
function sum(edges: readonly StoreEdge[]): Pick<Edge, "ratePerSecond" | "errorShare" | "p95Ms"> {
  const total = (of: (edge: StoreEdge) => number): number =>
    edges.reduce((all, edge) => all + of(edge), 0);
  const count = total((edge) => edge.count);
  const p95 = edges.flatMap(({ p95Ms }) => p95Ms ?? []);
  return {
    ratePerSecond: total(({ ratePerSecond }) => ratePerSecond),
    errorShare: count === 0 ? 0 : total(({ errors }) => errors) / count,
    ...(p95.length === 0 ? undefined : { p95Ms: Math.max(...p95) }),
  };
}

function keyOf({ from, kind, to }: Pick<Edge, "from" | "to" | "kind">): string {
  return JSON.stringify([from, to, kind]);
}
