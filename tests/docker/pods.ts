// Pods as the kubelet runs them, as far as one machine can: the containers of manifests on Docker, with their environment, files, rights, limits and probes. What is
// not there: nodes, network policies, and the sleep before the end.
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { docker } from "./docker.ts";
import { eventually } from "../shop/running-shop.ts";

type Named = { readonly metadata: { readonly name: string; readonly namespace?: string } };

interface Item {
  readonly key: string;
  readonly path: string;
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly projected?: {
    readonly defaultMode: number;
    readonly sources: readonly {
      readonly secret: { readonly name: string; readonly items: readonly Item[] };
    }[];
  };
  readonly secret?: {
    readonly secretName: string;
    readonly defaultMode: number;
    readonly items: readonly Item[];
  };
  readonly emptyDir?: { readonly sizeLimit: string };
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly failureThreshold: number;
  readonly periodSeconds: number;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } };
  readonly securityContext: {
    readonly runAsUser?: number;
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly fsGroup: number;
  };
  readonly containers: readonly [Container, ...Container[]];
  readonly volumes?: readonly Volume[];
}

/** An object of a cluster, as its YAML says it. */
export type KubernetesObject = Named & {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec: PodSpec }; readonly selector?: object };
};

/** A pod that serves. */
export interface RunningPod {
  readonly container: string;
  readonly ip: string;
  readonly ports: Readonly<Record<string, number>>;
}

/** The API that pods reach which have the token of an account: it listens on the loopback of this machine. */
export interface PodApi {
  readonly port: string;
  /** A folder with `token` and `ca.crt`, as such pods find them. */
  accountFolder(account: string): Promise<string>;
}

/** Where a pod finds its account. */
const accountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Runs pods of a set of objects in a network of Docker's. */
export class Pods {
  readonly #objects: readonly KubernetesObject[];
  readonly #folder: string;
  readonly #network: string;
  readonly #api: PodApi | undefined;
  readonly #containers: string[] = [];

  constructor(
    objects: readonly KubernetesObject[],
    { api, folder, network }: { folder: string; network: string; api: PodApi | undefined },
  ) {
    this.#objects = objects;
    this.#folder = folder;
    this.#network = network;
    this.#api = api;
  }

  /** Every Job to its end. Throws with the log of one that fails. */
  async runJobs(): Promise<void> {
    for (const job of this.#objects.filter(({ kind }) => kind === "Job")) {
      const [container = ""] = await this.#create(job, []);
      await docker("start", container);
      const code = await docker("wait", container);
      if (code !== "0") throw new Error(`${job.metadata.name}: ${await docker("logs", container)}`);
    }
  }

  /** One pod of each Deployment, found under the name of its Service; resolves when the probe of its start says that it is ready. */
  async runDeployments(): Promise<Map<string, RunningPod>> {
    const deployments = this.#objects.filter(({ kind }) => kind === "Deployment");
    const running = await Promise.all(
      deployments.map(async (deployment) => {
        const { name, namespace } = deployment.metadata;
        const containers = await this.#create(deployment, [
          name,
          `${name}.${namespace}.svc.cluster.local`,
        ]);
        for (const container of containers) await docker("start", container);
        return [name, await this.#probed(deployment, containers)] as const;
      }),
    );
    return new Map(running);
  }

  /** Ends and removes all of them. */
  async end(): Promise<void> {
    if (this.#containers.length > 0)
      await docker("rm", "--force", "--volumes", ...this.#containers);
  }

  /** The containers of a pod: the first one has its address, which the others share. */
  async #create(of: KubernetesObject, aliases: readonly string[]): Promise<string[]> {
    const spec = podOf(of);
    const made: string[] = [];
    for (const container of spec.containers) {
      const [first] = made;
      const network =
        first === undefined
          ? [
              ...(spec.automountServiceAccountToken
                ? await this.#besideApi(spec.serviceAccountName)
                : ["--network", this.#network]),
              ...aliases.flatMap((alias) => ["--network-alias", alias]),
            ]
          : ["--network", `container:${first}`];
      made.push(await this.#createOne(of.metadata, spec, container, network));
    }
    return made;
  }

  async #createOne(
    { name }: { readonly name: string },
    spec: PodSpec,
    container: Container,
    network: readonly string[],
  ): Promise<string> {
    const { limits } = container.resources;
    const { securityContext: rights } = container;
    const mounts = (container.volumeMounts ?? []).map((mount) => {
      const volume = spec.volumes?.find((one) => one.name === mount.name) as Volume;
      return this.#mount(name, volume, mount.mountPath, spec);
    });
    const id = await docker(
      "create",
      "--name",
      `${this.#network}-${name}-${container.name}`,
      ...network,
      "--user",
      `${rights.runAsUser ?? spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}`,
      "--group-add",
      String(spec.securityContext.fsGroup),
      ...(rights.readOnlyRootFilesystem ? ["--read-only"] : []),
      ...rights.capabilities.drop.flatMap((each) => ["--cap-drop", each]),
      ...(rights.allowPrivilegeEscalation ? [] : ["--security-opt", "no-new-privileges"]),
      "--cpus",
      limits.cpu.endsWith("m") ? String(Number.parseInt(limits.cpu, 10) / 1_000) : limits.cpu,
      "--memory",
      limits.memory.replace("Mi", "m"),
      ...(container.env ?? []).flatMap((each) => ["--env", `${each.name}=${each.value}`]),
      ...(await Promise.all(mounts)).flat(),
      ...(container.command === undefined ? [] : ["--entrypoint", container.command[0] ?? ""]),
      container.image,
      ...(container.command?.slice(1) ?? []),
      ...(container.args ?? []),
    );
    this.#containers.push(id);
    return id;
  }

  /** Where the API is reached, and by whom. */
  async #besideApi(account: string): Promise<string[]> {
    if (this.#api === undefined) throw new Error(`There is no API for the pods of ${account}.`);
    const folder = await this.#api.accountFolder(account);
    return [
      "--network",
      "host",
      "--env",
      "KUBERNETES_SERVICE_HOST=127.0.0.1",
      "--env",
      `KUBERNETES_SERVICE_PORT=${this.#api.port}`,
      "--volume",
      `${folder}:${accountPath}:ro`,
    ];
  }

  /** What a volume is for Docker: files in a folder that is mounted, or memory. */
  async #mount(pod: string, volume: Volume, at: string, spec: PodSpec): Promise<string[]> {
    if (volume.emptyDir !== undefined)
      return ["--tmpfs", `${at}:mode=1777,size=${volume.emptyDir.sizeLimit.replace("Mi", "m")}`];
    const folder = join(this.#folder, pod, volume.name);
    const { projected, secret } = volume;
    const sources =
      secret === undefined
        ? projected?.sources
        : [{ secret: { name: secret.secretName, items: secret.items } }];
    const files =
      sources === undefined
        ? Object.entries(this.#named("ConfigMap", volume.configMap?.name).data ?? {})
        : sources.flatMap(({ secret: { items, name } }) => {
            const { stringData = {} } = this.#named("Secret", name);
            return items.map(({ key, path }): [string, string] => [path, stringData[key] ?? ""]);
          });
    const { fsGroup } = spec.securityContext;
    await mkdir(folder, { recursive: true });
    for (const [path, text] of files) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      await chown(file, 0, fsGroup);
      await chmod(file, (projected ?? secret)?.defaultMode ?? 0o644);
    }
    return ["--volume", `${folder}:${at}:ro`];
  }

  async #probed(of: KubernetesObject, containers: readonly string[]): Promise<RunningPod> {
    const [container = ""] = containers;
    const all = podOf(of).containers;
    const ports = all.flatMap((one) => one.ports ?? []);
    const startupProbe = all.find((one) => one.startupProbe?.httpGet !== undefined)?.startupProbe;
    const ip = await docker(
      "inspect",
      "--format",
      `{{(index .NetworkSettings.Networks "${this.#network}").IPAddress}}`,
      container,
    );
    const numbers = Object.fromEntries(ports.map((port) => [port.name, port.containerPort]));
    const { failureThreshold, httpGet, periodSeconds } = startupProbe as Required<Probe>;
    await eventually(
      `${of.metadata.name} is ready`,
      async () => {
        const answer = await fetch(`http://${ip}:${numbers[httpGet.port]}${httpGet.path}`);
        return answer.ok ? true : undefined;
      },
      failureThreshold * periodSeconds * 1_000,
    ).catch(async (cause: unknown) => {
      const logs = await Promise.all(containers.map((one) => docker("logs", one)));
      throw new Error(`${of.metadata.name}: ${logs.join("\n")}`, { cause });
    });
    return { container, ip, ports: numbers };
  }

  #named(kind: string, name: string | undefined): KubernetesObject {
    const found = this.#objects.find((one) => one.kind === kind && one.metadata.name === name);
    if (found === undefined) throw new Error(`There is no ${kind} ${name}.`);
    return found;
  }
}

function podOf({ metadata, spec }: KubernetesObject): PodSpec {
  const pod = spec?.template?.spec;
  if (pod === undefined) throw new Error(`${metadata.name} has no pod.`);
  return pod;
}
