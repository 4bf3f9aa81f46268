import { checkNumber } from "./bounds.ts";
import { type UpstreamDiscovery, upstreamDiscoveryProblems } from "./upstream-discovery.ts";

/** A foreign HTTP service that a gateway may send requests to: one or more addresses that answer the same. */
export interface UpstreamSettings {
  /** Where its instances are: `http://host:port` or `https://host`, without a path. */
  readonly urls?: readonly string[];
  /** Where they are found instead. */
  readonly discovery?: UpstreamDiscovery;
  /** In place of both: none runs now, and its requests are answered with 503. The platform's own word, of images that it runs. */
  readonly absent?: true;
  /** Share of each instance beside the others, in the order of `urls`; default 1 each. */
  readonly weights?: readonly number[];
  /** The `Host` that it is sent: its own (`upstream`, the default), the client's, or a name. The client's is in `X-Forwarded-Host` anyway. */
  readonly host?: "upstream" | "client" | { readonly name: string };
  /** Asks each instance whether it is well. Without it, only answers to requests tell. */
  readonly health?: UpstreamHealth;
  readonly policies?: UpstreamPolicies;
  /** `grpc`: gRPC over HTTP/2, with prior knowledge to `http` urls. Default `http/1.1`. */
  readonly protocol?: "http/1.1" | "grpc";
  /** For `https` instances. */
  readonly tls?: UpstreamTls;
}

/** An active health check. Milliseconds. */
export interface UpstreamHealth {
  /** Asked with GET; 200 up to 399 is well. */
  readonly path: string;
  /** Default 5 000. */
  readonly intervalMs?: number;
  /** Default 1 000. */
  readonly timeoutMs?: number;
  /** Failures in a row after which it gets no requests. Default 3 (HAProxy's `fall`). */
  readonly unhealthyAfter?: number;
  /** Answers in a row after which it gets them again. Default 2 (HAProxy's `rise`). */
  readonly healthyAfter?: number;
}

/** How requests to an upstream are bounded and repeated; every one has a default. Milliseconds. */
export interface UpstreamPolicies {
  /** Until the head of the answer is there, all attempts together. Default 15 000 (`defaults.md`: deadline). */
  readonly deadlineMs?: number;
  /** For one attempt that may be followed by another. Default: half of what is left of the deadline. */
  readonly attemptMs?: number;
  /** For the connection. Default 1 000 (`defaults.md`: connect timeout). */
  readonly connectMs?: number;
  /** Without a byte of the answer's body, or of the client taking it. Default 60 000 (nginx's `proxy_read_timeout`). */
  readonly idleMs?: number;
  /** An unused connection. Default 4 000: shorter than the 5 s of a Node server, so that it never closes one that is being used. */
  readonly keepAliveMs?: number;
  /** Attempts in all. Default 3. Only what is safe to repeat is repeated. */
  readonly attempts?: number;
  /** Requests under way. Default 1 024 (`defaults.md`: per-upstream limits). */
  readonly maxInFlight?: number;
  /** Requests that wait for one of those to end. Default 128. */
  readonly maxQueued?: number;
  /** An open WebSocket without a byte in either direction. Default 300 000. */
  readonly tunnelIdleMs?: number;
}

/** Files in PEM; the key's is readable by its owner only. */
export interface UpstreamTls {
  /** Who signs its certificates; the system's authorities without it. */
  readonly caFile?: string;
  /** The gateway's own certificate, for mutual TLS. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The name in its certificate, when it is not that of the URL. */
  readonly serverName?: string;
  /**
   * Instead of all these: the unit of this environment that answers there. Both sides show the certificates that the platform gives
   * its programs. The platform's own word, for images that it runs with a sidecar.
   */
  readonly unit?: string;
}

const policyBounds: Readonly<Record<keyof UpstreamPolicies, readonly [number, number]>> = {
  deadlineMs: [1, 3_600_000],
  attemptMs: [1, 3_600_000],
  connectMs: [1, 60_000],
  idleMs: [1, 86_400_000],
  keepAliveMs: [1, 600_000],
  attempts: [1, 5],
  maxInFlight: [1, 65_536],
  maxQueued: [0, 65_536],
  tunnelIdleMs: [1, 86_400_000],
};

/** What is wrong with the upstreams of a gateway. */
export function upstreamProblems(
  upstreams: Readonly<Record<string, UpstreamSettings>> = {},
): string[] {
  return Object.entries(upstreams).flatMap(([name, settings]) => problemsOf(name, settings));
}

function problemsOf(name: string, settings: UpstreamSettings): string[] {
  const where = `upstreams.${name}`;
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    problems.push(
      `${where}: a name is lower-case letters, digits and "-", starts with a letter and is at most 40 long`,
    );
  const { absent, urls = [], discovery, weights, host, health, policies = {}, tls } = settings;
  if (absent === true) {
    if (settings.urls !== undefined || discovery !== undefined)
      problems.push(`${where}: is absent, and says where its instances are`);
  } else if (discovery !== undefined) {
    problems.push(...upstreamDiscoveryProblems(`${where}: discovery`, discovery, tls));
    if (settings.urls !== undefined)
      problems.push(`${where}: has urls and discovery; one of them says where its instances are`);
  } else if (urls.length === 0 || urls.length > 256)
    problems.push(`${where}: urls names ${urls.length} instances; it takes from 1 to 256`);
  if (new Set(urls).size < urls.length) problems.push(`${where}: urls names an instance twice`);
  for (const url of urls) {
    const problem = urlProblem(url);
    if (problem !== undefined) problems.push(`${where}: the url ${JSON.stringify(url)} ${problem}`);
  }
  if (weights !== undefined && weights.length !== urls.length)
    problems.push(`${where}: weights has ${weights.length} entries for ${urls.length} urls`);
  for (const weight of weights ?? [])
    checkNumber(problems, `${where}: weights`, weight, [0.001, 1_000], false);
  if (typeof host === "object" && !/^[a-z0-9.-]{1,253}(?::\d{1,5})?$/i.test(host.name))
    problems.push(`${where}: host.name ${JSON.stringify(host.name)} is no host name`);
  if (health !== undefined) {
    if (!/^\/[\x21-\x7e]*$/.test(health.path))
      problems.push(
        `${where}: health.path ${JSON.stringify(health.path)} is no path such as /health`,
      );
    checkNumber(problems, `${where}: health.intervalMs`, health.intervalMs, [100, 3_600_000]);
    checkNumber(problems, `${where}: health.timeoutMs`, health.timeoutMs, [1, 60_000]);
    checkNumber(problems, `${where}: health.unhealthyAfter`, health.unhealthyAfter, [1, 100]);
    checkNumber(problems, `${where}: health.healthyAfter`, health.healthyAfter, [1, 100]);
  }
  for (const [policy, bounds] of Object.entries(policyBounds))
    checkNumber(
      problems,
      `${where}: policies.${policy}`,
      policies[policy as keyof UpstreamPolicies],
      bounds,
    );
  if (tls !== undefined && urls.some((url) => !url.startsWith("https:")))
    problems.push(`${where}: tls is for https, and not all of its urls are`);
  if ((tls?.certFile === undefined) !== (tls?.keyFile === undefined))
    problems.push(`${where}: tls.certFile and tls.keyFile come together`);
  if (tls?.unit !== undefined && Object.keys(tls).length > 1)
    problems.push(`${where}: tls.unit stands alone; its certificates are the platform's`);
  return problems;
}

function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return "is not http://host:port or https://host";
  if (url.username !== "" || url.password !== "")
    return "holds credentials; settings hold no secret: give the upstream a certificate with tls";
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    return "has a path; use rewrite.prefix of the route for that";
  return undefined;
}
