import { type ContractDescription, pathParameters } from "@kerf/contract";
import type { Status } from "@kerf/control-api";

/** What to try when everything is ready: a request that answers, and what shows the state. */
export function tryNext(
  status: Pick<Status, "gateways" | "units">,
  contracts: readonly ContractDescription[],
  /** Words after `kerf`, as they are typed in the shell at hand. */
  command: (words: string) => string,
): string[] {
  const url = status.gateways[0]?.url;
  const answering = new Set(
    status.units
      .filter(({ instances }) => instances.some(({ state }) => state === "ready"))
      .flatMap(({ services }) => services),
  );
  const path = openPath(contracts.filter(({ name }) => answering.has(name)));
  return [
    ...(url === undefined ? [] : [`curl ${url.replace(/\/$/, "")}${path}`]),
    command("status"),
    command("logs -f"),
  ];
}

/** The path of a query that anyone may call without any input; the gateway's own health when there is none. */
function openPath(contracts: readonly ContractDescription[]): string {
  const open = contracts
    .flatMap(({ operations }) => Object.values(operations))
    .find(
      ({ kind, access, http, input }) =>
        kind === "query" &&
        access === "public" &&
        http?.method === "GET" &&
        pathParameters(http.path).length === 0 &&
        !(Array.isArray(input["required"]) && input["required"].length > 0),
    );
  return open?.http?.path ?? "/health";
}
