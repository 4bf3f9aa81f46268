import type { ContractDescription } from "@kerf/contract";
import type { Status } from "@kerf/control-api";
import { pathParameters } from "@kerf/contract";

/** What to try when everything is ready: a request that answers, and what shows the state. */
export function tryNext(
  status: Pick<Status, "gateways">,
  contracts: readonly ContractDescription[],
  command: string,
): string[] {
  const url = status.gateways[0]?.url;
  return [
    ...(url === undefined ? [] : [`curl ${url.replace(/\/$/, "")}${openPath(contracts)}`]),
    `${command} status`,
    `${command} logs -f`,
  ];
}

/** The path of a query that anyone may call without any input; the gateway's own health when there is none. */
function openPath(contracts: readonly ContractDescription[]): string {
  for (const { operations } of contracts) {
    for (const { kind, access, http, input } of Object.values(operations)) {
      if (kind !== "query" || access !== "public" || http?.method !== "GET") continue;
      const required = input["required"];
      if (pathParameters(http.path).length > 0) continue;
      if (Array.isArray(required) && required.length > 0) continue;
      return http.path;
    }
  }
  return "/health";
}
