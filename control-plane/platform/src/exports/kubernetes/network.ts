import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IService } from "kubernetes-models/v1";
import type { IHTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import { KerfError } from "@kerf/kernel";
import { containerPorts } from "../export-options.ts";
import { databasesOf, type ExportedProgram, hasBroker, inRedisOf } from "../exported-programs.ts";
import { asksCluster } from "./access.ts";
import { appLabels, labelsOf, selectorOf } from "./cluster-names.ts";
import { allowedPorts } from "./image-pod.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { type Manifest, manifest, type Remark } from "./manifest.ts";

/** Whole numbers of a thousand, as weights: a share of 2.5 % is one. */
const weights = 1_000;

/** Where the API of Kubernetes listens: by its Service, and by itself, which is what most policies see. */
export const apiPorts: readonly number[] = [443, 6443];

/** Where the instances of a program are found: of a unit each by itself, of a gateway behind one address. */
export function serviceOf(
  program: Pick<ExportedProgram, "foreign" | "gateway" | "name">,
  { namespace }: KubernetesOptions,
  app: string,
): Manifest {
  const isGateway = program.gateway !== undefined;
  const isSecure = program.gateway?.settings.tls !== undefined;
  const service: IService = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: program.name, namespace, labels: labelsOf(program, app) },
    spec: {
      ...(isGateway ? { type: "ClusterIP" } : { clusterIP: "None" }),
      selector: selectorOf(program, app),
      ports: [
        isGateway
          ? {
              name: isSecure ? "https" : "http",
              port: isSecure ? 443 : 80,
              targetPort: "http",
              protocol: "TCP",
            }
          : {
              name: "calls",
              port: containerPorts.calls,
              targetPort: "calls",
              protocol: "TCP",
              // Beside an image HTTP is spoken there as well.
              ...(program.foreign === undefined ? { appProtocol: "kerf.dev/frames" } : undefined),
            },
      ],
    },
  };
  const remarks: Remark[] = isGateway
    ? []
    : [
        {
          at: ["spec", "clusterIP"],
          text: "Headless: callers balance over the pods themselves, by what they measure of each.",
        },
      ];
  return manifest(service, remarks);
}

/** Nobody talks to anybody unless one of the others says so. */
export function denyAll({ namespace }: KubernetesOptions, app: string): Manifest {
  const policy: INetworkPolicy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "deny-all", namespace, labels: appLabels(app) },
    spec: {
      podSelector: { matchLabels: appLabels(app) },
      policyTypes: ["Ingress", "Egress"],
    },
  };
  return manifest(policy);
}

/** Who may reach a program and whom it may reach, by what the app declares. */
export function networkPolicyOf(
  program: ExportedProgram,
  options: KubernetesOptions,
  app: string,
): Manifest {
  const port = (number: number, protocol: "TCP" | "UDP" = "TCP") => ({ port: number, protocol });
  const pods = (name: string) => ({ podSelector: { matchLabels: selectorOf({ name }, app) } });
  const isGateway = program.gateway !== undefined;
  const from = program.calledBy.flatMap((name) =>
    options.canary?.[name.replace(/^gateway-/, "")] === undefined
      ? [pods(name)]
      : [pods(name), pods(`${name}-canary`)],
  );
  const outside = outsidePorts(program, options);
  const hasClusters = options.postgres === "cloudnative-pg" && databasesOf(program).length > 0;
  const servers = new Set(program.services.map(({ database }) => database?.server));
  servers.delete(undefined);
  const policy: INetworkPolicy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: program.name, namespace: options.namespace, labels: labelsOf(program, app) },
    spec: {
      podSelector: {
        matchExpressions: [
          {
            key: "app.kubernetes.io/name",
            operator: "In",
            values: isGateway
              ? [program.name, `${program.name}-canary`]
              : [program.name, `${program.name}-migrate`],
          },
        ],
        matchLabels: { "app.kubernetes.io/part-of": app },
      },
      policyTypes: ["Ingress", "Egress"],
      ingress: isGateway
        ? [{ ports: [port(containerPorts.http)] }]
        : from.length === 0
          ? []
          : [{ from, ports: [port(containerPorts.calls)] }],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
              podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [port(53, "UDP"), port(53)],
        },
        ...(program.calls.length === 0
          ? []
          : [{ to: program.calls.map(pods), ports: [port(containerPorts.calls)] }]),
        ...(hasClusters
          ? [
              {
                to: [...servers].map((server) => ({
                  podSelector: { matchLabels: { "cnpg.io/cluster": `postgres-${server}` } },
                })),
                ports: [port(5432)],
              },
            ]
          : []),
        ...(outside.length === 0 ? [] : [{ ports: outside.map((number) => port(number)) }]),
      ],
    },
  };
  const remarks: Remark[] = [
    {
      at: ["spec", "ingress"],
      text: isGateway
        ? "Clients come from anywhere; where they come in by one Gateway only, name its namespace here."
        : "Those that declare it as what they use, and nobody else.",
    },
  ];
  if (outside.length > 0)
    remarks.push({
      at: [
        "spec",
        "egress",
        policy.spec?.egress?.length === undefined ? 0 : policy.spec.egress.length - 1,
      ],
      text: "Outside of the namespace: databases, telemetry, the API of Kubernetes. Policies know addresses only; add them where they are fixed.",
    });
  return manifest(policy, remarks);
}

/** Requests to a gateway's hosts, with the share of a canary. Throws `invalid_configuration` for one that ends TLS itself. */
export function routeOf(
  program: ExportedProgram,
  { canary, domains, ingress, namespace }: KubernetesOptions,
  app: string,
): Manifest | undefined {
  const { gateway } = program;
  if (gateway === undefined || ingress === undefined) return undefined;
  if (gateway.settings.tls !== undefined) {
    throw new KerfError("invalid_configuration", {
      message: `The gateway ${gateway.name} has TLS of its own (tls), and its requests come in by the Gateway ${ingress}.`,
      why: "That one ends TLS, and would send it requests in the clear.",
      fix: "Leave tls out of the app and have the Gateway do it; or leave --gateway out and publish the Service.",
    });
  }
  const [parentNamespace, parent] = ingress.split("/") as [string, string];
  const hostnames = domains?.[gateway.name] ?? [];
  const share = canary?.[gateway.name]?.share;
  const backend = (name: string, weight: number) => ({ name, port: 80, weight });
  const tried = share === undefined ? 0 : Math.max(1, Math.round(share * weights));
  const route: IHTTPRoute = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: program.name, namespace, labels: labelsOf(program, app) },
    spec: {
      parentRefs: [{ name: parent, namespace: parentNamespace }],
      ...(hostnames.length === 0 ? undefined : { hostnames: [...hostnames] }),
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [
            backend(program.name, weights - tried),
            ...(share === undefined ? [] : [backend(`${program.name}-canary`, tried)]),
          ],
        },
      ],
    },
  };
  return manifest(route, [
    {
      at: ["spec", "rules", 0, "backendRefs"],
      text: `Of ${weights}: a canary gets a share of the requests beside what serves.`,
    },
  ]);
}

/** TCP ports that a program needs outside of the namespace, sorted. */
function outsidePorts(program: ExportedProgram, options: KubernetesOptions): number[] {
  const ports = new Set<number>(options.egress?.[program.name]);
  if (databasesOf(program).length > 0 && options.postgres === "url") ports.add(5432);
  // Its URL is a secret, which nobody reads here; another port is named by --egress.
  if (inRedisOf(program).length > 0) ports.add(6379);
  if (asksCluster(program, options)) for (const port of apiPorts) ports.add(port);
  for (const port of allowedPorts(program)) ports.add(port);
  if (options.otlp !== undefined) ports.add(portOf(options.otlp));
  if (hasBroker(program, options))
    for (const [, port] of (options.broker ?? "").matchAll(/:(\d{2,5})/g)) ports.add(Number(port));
  for (const url of urlsIn(program.gateway?.settings)) ports.add(portOf(url));
  return [...ports].toSorted((a, b) => a - b);
}

/** Foreign programs that a gateway sends requests to, and issuers whose keys it fetches. */
function urlsIn(value: unknown): string[] {
  if (typeof value === "string") return /^(?:https?|grpcs?|wss?):\/\//.test(value) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(urlsIn);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  if (port !== "") return Number(port);
  return protocol.endsWith("s:") ? 443 : 80;
}
