import type { DiscoverySettings } from "@kerf/call";
import { discoveryProblems } from "../discovery.ts";
import type { UpstreamTls } from "./upstreams.ts";

/** Where the instances of an upstream are found while the gateway runs. */
export interface UpstreamDiscovery extends DiscoverySettings {
  /** What they speak. Default `http`; `https` needs `tls.serverName`, since what is found is addresses. */
  readonly scheme?: "http" | "https";
}

/** What is wrong with it. */
export function upstreamDiscoveryProblems(
  where: string,
  given: UpstreamDiscovery,
  tls: UpstreamTls | undefined,
): string[] {
  const problems = discoveryProblems(where, given);
  const { scheme } = given;
  if (scheme !== undefined && scheme !== "http" && scheme !== "https")
    problems.push(`${where}: scheme must be "http" or "https", not ${JSON.stringify(scheme)}`);
  if (scheme === "https" && tls?.serverName === undefined && tls?.unit === undefined)
    problems.push(`${where}: scheme "https" needs tls.serverName, the name in their certificates`);
  return problems;
}
