import { checkNumber } from "./bounds.ts";
import type { UpstreamTls } from "./upstreams.ts";

/**
 * Where the instances of an upstream are found while the gateway runs; the last that were found stay while there is no answer. One of `dns`,
 * `srv` and `kubernetes`.
 */
export interface UpstreamDiscovery {
  /** Every address of a host, all on one port. Asked for again when its TTL is over, between 5 s and 60 s. */
  readonly dns?: { readonly host: string; readonly port: number };
  /** The records of a service, `_http._tcp.legacy.internal`, by priority and weight. */
  readonly srv?: string;
  /** The ready endpoints of a Service of Kubernetes. Its port by name or number. */
  readonly kubernetes?: {
    readonly namespace: string;
    readonly service: string;
    readonly port: string | number;
    /** How its API is reached. Default: as in a pod, with the pod's service account. */
    readonly api?: {
      readonly server: string;
      readonly tokenFile?: string;
      readonly caFile?: string;
    };
  };
  /** Of `dns` and `srv`: name servers as `host:port`. Default: the machine's. */
  readonly servers?: readonly string[];
  /** What they speak. Default `http`; `https` needs `tls.serverName`, since what is found is addresses. */
  readonly scheme?: "http" | "https";
}

const hostName =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*\.?$/i;
const kubernetesName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What is wrong with it. */
export function upstreamDiscoveryProblems(
  where: string,
  given: UpstreamDiscovery,
  tls: UpstreamTls | undefined,
): string[] {
  const problems: string[] = [];
  const { dns, srv, kubernetes, servers, scheme } = given;
  if ([dns, srv, kubernetes].filter((one) => one !== undefined).length !== 1)
    problems.push(`${where}: names one of dns, srv and kubernetes`);
  if (dns !== undefined) {
    if (!hostName.test(dns.host))
      problems.push(`${where}: dns.host ${JSON.stringify(dns.host)} is no host name`);
    checkNumber(problems, `${where}: dns.port`, dns.port ?? Number.NaN, [1, 65_535]);
  }
  if (srv !== undefined && !hostName.test(srv))
    problems.push(`${where}: srv ${JSON.stringify(srv)} is no name of records`);
  if (kubernetes !== undefined) problems.push(...kubernetesProblems(where, kubernetes));
  if (servers !== undefined && kubernetes !== undefined)
    problems.push(`${where}: servers are name servers, which kubernetes does not ask`);
  for (const server of servers ?? [])
    if (!/^(?:[0-9.]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(server))
      problems.push(`${where}: servers: ${JSON.stringify(server)} is no address of a name server`);
  if (scheme !== undefined && scheme !== "http" && scheme !== "https")
    problems.push(`${where}: scheme must be "http" or "https", not ${JSON.stringify(scheme)}`);
  if (scheme === "https" && tls?.serverName === undefined)
    problems.push(`${where}: scheme "https" needs tls.serverName, the name in their certificates`);
  return problems;
}

function kubernetesProblems(
  where: string,
  { namespace, service, port, api }: NonNullable<UpstreamDiscovery["kubernetes"]>,
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
