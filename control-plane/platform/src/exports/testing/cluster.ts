// A real control plane of Kubernetes on this machine: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, with nodes that kwok plays. Pods are scheduled,
// become ready and end; nothing runs in them. For tests; no part of the package.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments, stringify } from "yaml";
import { ClusterApi } from "../kubernetes/cluster-api.ts";
import type { KubernetesObject } from "../kubernetes/manifest.ts";
import { PodMetrics } from "./pod-metrics.ts";

/** Where `scripts/engines/kubernetes` puts it. */
const engines = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "kerf/engines/kubernetes-1.36.3",
);
/** How long a server may take to answer, milliseconds. */
const startMs = 60_000;

/** Whether the programs of a cluster are here. */
export const hasKubernetes = existsSync(engines);
/** The program helm. */
export const helmProgram: string = join(engines, "helm");

/** Tags of images whose programs end with 1 each time that they start, and with 78, which says that starting again does not help. */
export const brokenTags = { failing: "ends-with-1", hopeless: "ends-with-78" } as const;

/** A cluster for a test. */
export class TestCluster {
  readonly directory: string;
  readonly kubeconfig: string;
  readonly api: ClusterApi;
  readonly #programs: Map<string, ChildProcess>;
  #metrics: PodMetrics | undefined;

  private constructor(
    directory: string,
    kubeconfig: string,
    api: ClusterApi,
    started: Map<string, ChildProcess>,
  ) {
    this.directory = directory;
    this.kubeconfig = kubeconfig;
    this.api = api;
    this.#programs = started;
  }

  /** Starts one with two groups of nodes, `a` and `b`, each kept alive by a program of its own. */
  static async start(): Promise<TestCluster> {
    const directory = await mkdtemp(join(tmpdir(), "kerf-cluster-"));
    const started = new Map<string, ChildProcess>();
    const run = (name: string, program: string, args: readonly string[]): void => {
      const child = spawn(join(engines, program), args, { stdio: ["ignore", "pipe", "pipe"] });
      const log = createWriteStream(join(directory, `${name}.log`));
      child.stdout.pipe(log);
      child.stderr.pipe(log);
      started.set(name, child);
    };
    const [client, peer, port, manager] = await freePorts(4);
    const token = randomBytes(16).toString("hex");
    const keys = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const file = (name: string): string => join(directory, name);
    await writeFile(file("sa.key"), keys.privateKey.export({ type: "pkcs8", format: "pem" }), {
      mode: 0o600,
    });
    await writeFile(file("sa.pub"), keys.publicKey.export({ type: "spki", format: "pem" }));
    await writeFile(file("tokens.csv"), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
    run("etcd", "etcd", [
      `--data-dir=${file("etcd")}`,
      "--unsafe-no-fsync",
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
    ]);
    run("apiserver", "kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${client}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${file("certificates")}`,
      `--token-auth-file=${file("tokens.csv")}`,
      "--authorization-mode=RBAC",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${file("sa.pub")}`,
      `--service-account-signing-key-file=${file("sa.key")}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      // A node that is lost is left at once.
      "--default-not-ready-toleration-seconds=1",
      "--default-unreachable-toleration-seconds=1",
    ]);
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      clusters: [
        {
          name: "test",
          cluster: { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true },
        },
      ],
      users: [{ name: "admin", user: { token } }],
    };
    const kubeconfig = file("kubeconfig");
    await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    const api = await ClusterApi.open({ file: kubeconfig });
    const cluster = new TestCluster(directory, kubeconfig, api, started);
    try {
      await cluster.until(
        "the API server is ready",
        async () => (await api.request("GET", "/readyz")).status === 200,
      );
      run("controllers", "kube-controller-manager", [
        `--kubeconfig=${kubeconfig}`,
        `--service-account-private-key-file=${file("sa.key")}`,
        "--leader-elect=false",
        `--secure-port=${manager}`,
        `--cert-dir=${file("manager-certificates")}`,
        "--node-monitor-period=1s",
        // Autoscalers look each second, and at pods from their first one on.
        "--horizontal-pod-autoscaler-sync-period=1s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=0s",
        "--horizontal-pod-autoscaler-initial-readiness-delay=0s",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--node-monitor-grace-period=8s",
      ]);
      run("scheduler", "kube-scheduler", [
        `--kubeconfig=${kubeconfig}`,
        "--leader-elect=false",
        "--secure-port=0",
      ]);
      await writeFile(
        file("stages.yaml"),
        withBrokenPods(await readFile(join(engines, "stages.yaml"), "utf8")),
      );
      for (const group of ["a", "b"]) {
        run(`nodes-${group}`, "kwok", [
          `--kubeconfig=${kubeconfig}`,
          `--config=${file("stages.yaml")}`,
          "--manage-all-nodes=false",
          `--manage-nodes-with-label-selector=group=${group}`,
          "--node-lease-duration-seconds=8",
        ]);
        for (const number of [1, 2]) await cluster.#addNode(`node-${group}${number}`, group);
      }
      await cluster.until("all nodes are ready", async () => {
        const { items } = (await api.request("GET", "/api/v1/nodes")).body as { items: any[] };
        return items.every(({ status }) =>
          status.conditions?.some((one: any) => one.type === "Ready" && one.status === "True"),
        );
      });
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Adds what operators would: their definitions. Says which kinds there are now. */
  async define(): Promise<string[]> {
    const folder = join(engines, "definitions");
    const kinds: string[] = [];
    for (const name of await readdir(folder)) {
      for (const document of parseAllDocuments(await readFile(join(folder, name), "utf8"))) {
        const object = document.toJS() as KubernetesObject & { spec?: { names: { kind: string } } };
        if (object?.kind !== "CustomResourceDefinition") continue;
        await this.api.apply(object);
        kinds.push(object.spec?.names.kind ?? "");
        await this.until(`${name} is established`, async () => {
          const { status } = (await this.api.read(object)) as { status?: { conditions?: any[] } };
          return (
            status?.conditions?.some(
              (one) => one.type === "Established" && one.status === "True",
            ) === true
          );
        });
      }
    }
    return kinds;
  }

  /** From now on every pod of a program uses so much of a processor, as those are told who ask for it; 1 is a whole one. */
  async measure(program: string, cores: number): Promise<void> {
    this.#metrics ??= await PodMetrics.start(this.api, join(this.directory, "certificates"));
    this.#metrics.set(program, cores);
  }

  /** As at a power failure: whatever keeps the nodes of a group alive is gone. */
  async loseNodes(group: "a" | "b"): Promise<void> {
    const child = this.#programs.get(`nodes-${group}`) as ChildProcess;
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  /** Asks until it is so. Rejects when it is not within a minute. */
  async until(what: string, isSo: () => Promise<boolean>, boundMs = startMs): Promise<void> {
    const bound = AbortSignal.timeout(boundMs);
    let last: unknown;
    while (!(await isSo().catch((error: unknown) => void (last = error)))) {
      if (bound.aborted) throw new Error(`not within ${boundMs} ms: ${what}`, { cause: last });
      await sleep(200);
    }
  }

  /** Ends everything, and takes it away. */
  async stop(): Promise<void> {
    await this.#metrics?.stop();
    for (const [name, child] of [...this.#programs].toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill(name === "etcd" ? "SIGKILL" : "SIGTERM");
      const bound = sleep(5_000, undefined, { ref: false }).then(() => child.kill("SIGKILL"));
      await Promise.race([once(child, "exit"), bound]);
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  async #addNode(name: string, group: string): Promise<void> {
    const capacity = { cpu: "32", memory: "64Gi", "ephemeral-storage": "256Gi", pods: "110" };
    await this.api.request("POST", "/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          group,
          "kubernetes.io/hostname": name,
          "topology.kubernetes.io/zone": `zone-${group}`,
          "kubernetes.io/os": "linux",
        },
      },
      status: { capacity, allocatable: capacity },
    });
  }
}

/** Nodes on which programs can fail: pods of images with a broken tag run, end, and are started again, and Jobs of such come to nothing. */
function withBrokenPods(stages: string): string {
  const tag = '.spec.containers.[0].image | split(":") | last';
  const documents = parseAllDocuments(stages).map((document) => document.toJS() as any);
  const ready = documents.find(({ metadata }) => metadata.name === "pod-ready");
  const broken = Object.values(brokenTags).map((value) => {
    const code = Number(value.slice(value.lastIndexOf("-") + 1));
    const stage = structuredClone(ready);
    stage.metadata.name = `pod-${value}`;
    stage.spec.selector.matchExpressions.push({ key: tag, operator: "In", values: [value] });
    stage.spec.next.statusTemplate = [
      "{{ $now := Now }}",
      "conditions:",
      '- { lastTransitionTime: {{ $now | Quote }}, status: "True", type: Initialized }',
      '- { lastTransitionTime: {{ $now | Quote }}, status: "False", type: Ready }',
      "containerStatuses:",
      "{{ range .spec.containers }}",
      "- image: {{ .image | Quote }}",
      "  name: {{ .name | Quote }}",
      "  ready: false",
      "  restartCount: 3",
      "  state: { waiting: { reason: CrashLoopBackOff, message: back-off 40s restarting failed container } }",
      `  lastState: { terminated: { exitCode: ${code}, reason: Error, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} } }`,
      "{{ end }}",
      '{{ range .metadata.ownerReferences }}{{ if eq .kind "Job" }}',
      "phase: Failed",
      "{{ else }}",
      "phase: Running",
      "{{ end }}{{ end }}",
      "startTime: {{ $now | Quote }}",
    ].join("\n");
    return stage;
  });
  ready.spec.selector.matchExpressions.push({
    key: tag,
    operator: "NotIn",
    values: Object.values(brokenTags),
  });
  return [...documents, ...broken].map((stage) => stringify(stage)).join("---\n");
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
