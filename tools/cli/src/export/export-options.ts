import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { KerfError } from "@kerf/kernel";
import { stateOption } from "../commands/state-option.ts";

/** What every export takes. */
export interface ExportOptions {
  app?: string;
  home?: string;
  registry: string;
  environment: string;
  tag: Record<string, string>;
  images?: string;
  pin?: true;
  replicas: number;
  config?: string;
  broker?: string;
  brokerSecret?: true;
  otlp?: string;
}

/** What one to Kubernetes takes beside that. */
export interface KubernetesExportOptions extends ExportOptions {
  namespace?: string;
  discovery: "endpointslices" | "dns";
  certificates: "cert-manager" | "kerf";
  issuer: string;
  mesh?: true;
  postgres: "url" | "cloudnative-pg";
  externalSecrets?: string;
  pullSecret?: string;
  gateway?: string;
  domain: Record<string, string[]>;
  canary: Record<string, { tag: string; share: number }>;
  prometheus?: string;
  egress: Record<string, number[]>;
}

/** The options of every export of images. */
export function withExportOptions(command: Command): Command {
  return withAppOptions(command)
    .option(
      "--registry <name>",
      "where its images lie, as in registry.example.com/team",
      registry,
      "localhost:5000",
    )
    .option("--tag <name=tag>", "tag of the image of a program (default: its build's)", pairs, {})
    .option("--images <file>", "images of others that run beside the app, as JSON")
    .option("--pin", "write images with the digests that their registry has for them now")
    .option("--replicas <n>", "copies of each program, at least", count, 2);
}

/** The options of every export. */
export function withAppOptions(command: Command): Command {
  return command
    .option("--app <file>", "module that declares the app (default: app.ts or app.js here)")
    .addOption(stateOption())
    .option("--environment <name>", "part of every identity", "production")
    .option("--config <file>", "what is set for services, as JSON: {service: {name: value}}")
    .option(
      "--broker <url>",
      "nats://… or kafka://… that carries events, or a file with it and who the app is to it (default: none)",
    )
    .option(
      "--broker-secret",
      "who the app is to the broker is in a secret that somebody else fills",
    )
    .option("--otlp <url>", "where OTLP/HTTP is spoken, without /v1");
}

/** The options of an export to Kubernetes. */
export function withKubernetesOptions(command: Command): Command {
  return withExportOptions(command)
    .option("--namespace <name>", "where everything goes (default: the app's name)")
    .addOption(
      new Option(
        "--discovery <how>",
        "how programs find each other: at once and with a right to read EndpointSlices, or within seconds by DNS",
      )
        .choices(["endpointslices", "dns"])
        .default("endpointslices"),
    )
    .addOption(
      new Option(
        "--certificates <whose>",
        "certificates by an Issuer of cert-manager, or by an authority of the app's own that a Job in the cluster signs with",
      )
        .choices(["cert-manager", "kerf"])
        .default("cert-manager")
        .conflicts("mesh"),
    )
    .option(
      "--issuer <name>",
      "Issuer of cert-manager, or cluster/NAME for a ClusterIssuer",
      "kerf",
    )
    .option("--mesh", "no certificates of its own: a mesh has them")
    .addOption(
      new Option(
        "--postgres <where>",
        "servers by URL in Secrets, or a cluster of CloudNativePG for each",
      )
        .choices(["url", "cloudnative-pg"])
        .default("url"),
    )
    .option("--external-secrets <store>", "take Secrets from this ClusterSecretStore")
    .option(
      "--pull-secret <name>",
      "Secret that nodes pull images with (default: their own rights)",
    )
    .option("--gateway <namespace/name>", "Gateway that requests come in by (Gateway API)", ingress)
    .option(
      "--domain <gateway=host>",
      "host name of a gateway of the app; repeat it for more",
      hosts,
      {},
    )
    .option(
      "--canary <gateway=tag:percent>",
      "another image of a gateway, and its share of the requests: web=1a2b:10%",
      canaries,
      {},
    )
    .option("--prometheus <url>", "scale by what waits, with KEDA, where the app says so")
    .option(
      "--egress <program=port>",
      "TCP port outside that a program may reach; repeat it for more",
      ports,
      {},
    );
}

/** The options as the exporter takes them. */
export function exporterOptions(options: ExportOptions): Record<string, unknown> {
  const { config, environment, images, otlp, pin, registry: where, replicas, tag } = options;
  return {
    ...(pin === undefined ? undefined : { pinned: pin }),
    ...(images === undefined ? undefined : { imagesFile: resolve(images) }),
    environment,
    registry: where,
    tags: tag,
    replicas,
    ...(config === undefined ? undefined : { config: readConfig(config) }),
    ...brokerOptions(options),
    ...(otlp === undefined ? undefined : { otlp }),
  };
}

/** Where the broker is: by its URL, or by a file that is read for its secrets as well. */
export function brokerOptions({
  broker,
  brokerSecret,
}: Pick<ExportOptions, "broker" | "brokerSecret">): Record<string, unknown> {
  if (broker === undefined) return {};
  if (!/^[a-z+]+:\/\//.test(broker)) return { brokerFile: resolve(broker) };
  return { broker, ...(brokerSecret === true && { brokerSecret }) };
}

/** The same for Kubernetes; `app`: its name, which is the namespace's when none is given. */
export function kubernetesOptions(options: KubernetesExportOptions): Record<string, unknown> {
  const {
    canary,
    certificates,
    discovery,
    domain,
    egress,
    externalSecrets,
    gateway,
    issuer,
    mesh,
    namespace,
    postgres,
    prometheus,
    pullSecret,
  } = options;
  const [, cluster, name = issuer] = /^(cluster\/)?(.*)$/.exec(issuer) ?? [];
  return {
    ...exporterOptions(options),
    ...(namespace === undefined ? undefined : { namespace }),
    discovery,
    certificates:
      mesh === true
        ? "mesh"
        : certificates === "kerf"
          ? certificates
          : { issuer: name, kind: cluster === undefined ? "Issuer" : "ClusterIssuer" },
    postgres,
    secrets: externalSecrets === undefined ? "existing" : { store: externalSecrets },
    ...(pullSecret === undefined ? undefined : { pullSecret }),
    ...(gateway === undefined ? undefined : { ingress: gateway }),
    domains: domain,
    canary,
    ...(prometheus === undefined ? undefined : { prometheus }),
    egress,
  };
}

/** What is set for services, from a file. */
export function readConfig(file: string): unknown {
  try {
    return JSON.parse(readFileSync(resolve(file), "utf8")) as unknown;
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `What is set for services cannot be read: ${file}`,
      why: (cause as Error).message,
      fix: 'Write it as {"service": {"name": "value"}}.',
      cause,
    });
  }
}

function registry(text: string): string {
  if (/^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)*$/.test(text)) return text;
  throw new InvalidArgumentError("It is like registry.example.com/team.");
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 100) return number;
  throw new InvalidArgumentError("It is from 1 to 100.");
}

function ingress(text: string): string {
  if (/^[a-z0-9-]+\/[a-z0-9.-]+$/.test(text)) return text;
  throw new InvalidArgumentError("It is like ingress/public.");
}

/** `NAME=VALUE`, read once more for each time that it is given. */
export function pairs(
  text: string,
  before: Readonly<Record<string, string>>,
): Record<string, string> {
  const [, name, value] = /^([a-z0-9-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError("It is like NAME=VALUE.");
  return { ...before, [name]: value };
}

function hosts(text: string, before: Readonly<Record<string, string[]>>): Record<string, string[]> {
  const [[name, host] = ["", ""]] = Object.entries(pairs(text, {}));
  return { ...before, [name]: [...(before[name] ?? []), host] };
}

function ports(text: string, before: Readonly<Record<string, number[]>>): Record<string, number[]> {
  const [[name, port] = ["", ""]] = Object.entries(pairs(text, {}));
  if (!/^\d{1,5}$/.test(port)) throw new InvalidArgumentError("It is like payments=443.");
  return { ...before, [name]: [...(before[name] ?? []), Number(port)] };
}

function canaries(
  text: string,
  before: Readonly<Record<string, { tag: string; share: number }>>,
): Record<string, { tag: string; share: number }> {
  const [, name, tag, percent] = /^([a-z0-9-]+)=([\w.-]+):(\d{1,2})%?$/.exec(text) ?? [];
  if (name === undefined || tag === undefined || !(Number(percent) > 0))
    throw new InvalidArgumentError("It is like web=1a2b3c:10%.");
  return { ...before, [name]: { tag, share: Number(percent) / 100 } };
}
