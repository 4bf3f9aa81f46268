import type { ContractDescription, OperationDescription } from "../description.ts";
import { pathParameters } from "../http-route.ts";
import type { JsonSchema } from "../schema.ts";
import { compareOperation, operationFinding, type OperationPlace } from "./contracts.ts";
import type { ContractFinding } from "./finding.ts";

/** Bytes that a request may have where its operation says nothing: the default of `maxBodyBytes`. */
const defaultBodyBytes = 1_048_576;

/**
 * What clients outside, which were written for `before`, meet when a gateway exposes `after` in its place. They know routes and no names of
 * operations, so an operation may be called otherwise.
 */
export function compareHttp(
  before: ContractDescription,
  after: ContractDescription,
): ContractFinding[] {
  const routes = new Map<string, OperationDescription>();
  for (const operation of Object.values(after.operations)) {
    const key = routeKey(operation);
    if (key !== undefined) routes.set(key, operation);
  }
  return Object.entries(before.operations).flatMap(([name, old]) => {
    const key = routeKey(old);
    if (key === undefined) return [];
    const place: OperationPlace = {
      provider: after.name,
      operation: name,
      caller: "a client",
      callee: after.name,
    };
    const now = routes.get(key);
    if (now !== undefined) return compareRoute(old, now, place);
    const route = `${old.http?.method ?? ""} ${old.http?.path ?? ""}`;
    return [operationFinding(place, "route_gone", `${after.name} has no route ${route}`)];
  });
}

function routeKey({ http }: OperationDescription): string | undefined {
  return http === undefined
    ? undefined
    : `${http.method} ${http.path.replaceAll(/\{[^}]+\}/g, "{}")}`;
}

function compareRoute(
  old: OperationDescription,
  now: OperationDescription,
  place: OperationPlace,
): ContractFinding[] {
  const found: ContractFinding[] = [];
  const { callee } = place;
  const incompatible = (code: "access" | "body_size" | "status", message: string): void =>
    void found.push(operationFinding(place, code, message));
  if (old.http?.status !== now.http?.status)
    incompatible(
      "status",
      `a client expects status ${old.http?.status ?? ""}, ${callee} answers ${now.http?.status ?? ""}`,
    );
  if (old.access === "public" && now.access !== "public")
    incompatible("access", `a client comes without a user, ${callee} wants one`);
  const [most, taken] = [
    old.maxBodyBytes ?? defaultBodyBytes,
    now.maxBodyBytes ?? defaultBodyBytes,
  ];
  if (most > taken)
    incompatible(
      "body_size",
      `a client sends up to ${most} bytes, ${callee} takes at most ${taken}`,
    );
  for (const [code, error] of Object.entries(now.errors)) {
    const known = old.errors[code];
    if (known === undefined || known.status === error.status) continue;
    const message = `a client expects status ${known.status} of it, ${callee} answers ${error.status}`;
    found.push(operationFinding(place, "status", message, { direction: "error", path: code }));
  }
  return [...found, ...compareOperation(withNamesOf(old, now), now, place)];
}

/** The old operation with the new names of its path parameters, which nobody outside sees. */
function withNamesOf(old: OperationDescription, now: OperationDescription): OperationDescription {
  const [from, to] = [old, now].map(({ http }) => pathParameters(http?.path ?? "")) as [
    string[],
    string[],
  ];
  const names = new Map(from.map((name, index) => [name, to[index] ?? name]));
  const renamed = (name: string): string => names.get(name) ?? name;
  const { properties, required } = old.input;
  if (typeof properties !== "object" || properties === null) return old;
  const input: JsonSchema = {
    ...old.input,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [renamed(name), schema as unknown]),
    ),
    ...(Array.isArray(required) ? { required: required.map((name) => renamed(String(name))) } : {}),
  };
  return { ...old, input };
}
