import type { DiscoverySettings } from "@kerf/call";
import { checkNumber } from "./gateway/bounds.ts";

const hostName =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*\.?$/i;
const kubernetesName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const endpoint = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:]+\]):([0-9]{1,5})$/i;
/** As of the urls of an upstream. */
const maxAddresses = 256;

/** What is wrong with where instances are looked for. */
export function discoveryProblems(where: string, given: DiscoverySettings): string[] {
  const problems: string[] = [];
  const { addresses, dns, srv, kubernetes, servers } = given;
  if ([dns, srv, kubernetes, addresses].filter((one) => one !== undefined).length !== 1)
    problems.push(`${where}: names one of dns, srv, kubernetes and addresses`);
  if (dns !== undefined) {
    if (!hostName.test(dns.host))
      problems.push(`${where}: dns.host ${JSON.stringify(dns.host)} is no host name`);
    checkNumber(problems, `${where}: dns.port`, dns.port ?? Number.NaN, [1, 65_535]);
  }
  if (srv !== undefined && !hostName.test(srv))
    problems.push(`${where}: srv ${JSON.stringify(srv)} is no name of records`);
  if (kubernetes !== undefined) problems.push(...kubernetesProblems(where, kubernetes));
  if (addresses !== undefined) problems.push(...addressProblems(where, addresses));
  if (servers !== undefined && dns === undefined && srv === undefined)
    problems.push(`${where}: servers are name servers, which only dns and srv ask`);
  for (const server of servers ?? [])
    if (!/^(?:[0-9.]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(server))
      problems.push(`${where}: servers: ${JSON.stringify(server)} is no address of a name server`);
  return problems;
}

function addressProblems(where: string, addresses: readonly string[]): string[] {
  const problems: string[] = [];
  if (addresses.length === 0 || addresses.length > maxAddresses)
    problems.push(
      `${where}: addresses names ${addresses.length} instances; it takes from 1 to ${maxAddresses}`,
    );
  if (new Set(addresses).size < addresses.length)
    problems.push(`${where}: addresses names an instance twice`);
  for (const address of addresses) {
    const port = Number(endpoint.exec(address)?.[1]);
    if (!(port >= 1 && port <= 65_535))
      problems.push(`${where}: addresses: ${JSON.stringify(address)} is not host:port`);
  }
  return problems;
}

function kubernetesProblems(
  where: string,
  { namespace, service, port, api }: NonNullable<DiscoverySettings["kubernetes"]>,
): string[] {
  const problems: string[] = [];
  for (const [field, name] of Object.entries({ namespace, service }))
    if (!kubernetesName.test(name))
      problems.push(
        `${where}: kubernetes.${field} ${JSON.stringify(name)} is no name of Kubernetes`,
      );
  if (typeof port !== "string" || port === "")
    checkNumber(problems, `${where}: kubernetes.port`, port ?? Number.NaN, [1, 65_535]);
  if (api !== undefined && !/^https?:$/.test(URL.parse(api.server)?.protocol ?? ""))
    problems.push(`${where}: kubernetes.api.server ${JSON.stringify(api.server)} is no URL`);
  return problems;
}

/** What is wrong with where an app says that units are which run elsewhere. */
export function unitDiscoveryProblems(
  discovery: Readonly<Record<string, DiscoverySettings>>,
  units: readonly string[],
): string[] {
  return Object.entries(discovery).flatMap(([unit, settings]) => [
    ...(units.includes(unit)
      ? []
      : [
          `discovery.${unit}: there is no unit ${JSON.stringify(unit)}; there are ${units.join(", ")}`,
        ]),
    ...discoveryProblems(`discovery.${unit}`, settings),
  ]);
}
