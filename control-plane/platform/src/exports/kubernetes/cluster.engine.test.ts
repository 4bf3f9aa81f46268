import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { parseAllDocuments } from "yaml";
import { helmCharts } from "../helm/helm-charts.ts";
import { hasKubernetes, helmProgram, TestCluster } from "../testing/cluster.ts";
import { exampleApp, exampleTags } from "../testing/example-app.ts";
import { writeFiles } from "../write-files.ts";
import { deployTo, differences } from "./deploy.ts";
import { kubernetesExport, type KubernetesExport } from "./kubernetes-export.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import type { KubernetesObject, Manifest } from "./manifest.ts";
import { rollBack, watchRollout } from "./rollout.ts";

// It takes a quarter of an hour to build, which no pipeline has.
const skip = hasKubernetes ? false : "needs scripts/engines/kubernetes";
if (skip !== false) console.log(`skipped: ${skip}`);

const options: KubernetesOptions = {
  environment: "production",
  registry: "registry.example.com",
  tags: exampleTags,
  replicas: 4,
  namespace: "store",
  discovery: "endpointslices",
  certificates: { issuer: "kerf", kind: "Issuer" },
  postgres: "cloudnative-pg",
  secrets: { store: "vault" },
  ingress: "ingress/public",
  domains: { web: ["store.example.com"] },
  canary: { web: { tag: "ddeeff", share: 0.1 } },
  prometheus: "http://prometheus.telemetry:9090",
  otlp: "http://collector.telemetry:4318",
};
const clock = systemClock;
const all = ({ programs, shared }: KubernetesExport): Manifest[] => [
  ...shared,
  ...programs.flatMap(({ manifests }) => manifests),
];

describe("an export in a real cluster", { skip, timeout: 400_000 }, () => {
  let cluster: TestCluster;
  const exported = kubernetesExport(exampleApp, options);
  const warnings: string[] = [];
  const objectOf = (kind: string, name: string, from = exported): KubernetesObject => {
    const found = all(from).find(
      ({ object }) => object.kind === kind && object.metadata.name === name,
    );
    assert.ok(found !== undefined, `${kind} ${name}`);
    return found.object;
  };
  const pods = async (name: string): Promise<any[]> => {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${name}`);
    const path = `/api/v1/namespaces/store/pods?labelSelector=${selector}`;
    const { items } = (await cluster.api.request("GET", path)).body as { items: any[] };
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  const readyPods = async (name: string): Promise<any[]> =>
    (await pods(name)).filter(({ status }) =>
      status.conditions?.some((one: any) => one.type === "Ready" && one.status === "True"),
    );

  before(async () => {
    cluster = await TestCluster.start();
    const kinds = await cluster.define();
    for (const wanted of ["HTTPRoute", "Certificate", "ScaledObject", "Cluster", "ExternalSecret"])
      assert.ok(kinds.includes(wanted), `${wanted} is not defined`);
  });
  after(() => cluster?.stop());

  test("what it would change is known before, and nothing of it is done", async () => {
    const changes = await differences(cluster.api, all(exported));
    assert.deepEqual([...new Set(changes.map(({ change }) => change))], ["new"]);
    assert.equal(await cluster.api.read(objectOf("Namespace", "store")), undefined);
  });

  test("it is applied without a warning, migrations first, and its copies become ready", async () => {
    const order: string[] = [];
    await deployTo(cluster.api, exported, {
      clock,
      events: {
        applied(object, said) {
          order.push(`${object.kind} ${object.metadata.name}`);
          warnings.push(...said);
        },
      },
    });
    assert.deepEqual(warnings, []);
    const at = (start: string): number => order.findIndex((one) => one.startsWith(start));
    assert.ok(at("Job payments-migrate") < at("Deployment payments"));
    // Callees before callers.
    assert.ok(at("Deployment payments") < at("Deployment orders"));
    assert.ok(at("Deployment orders") < at("Deployment gateway-web"));
    await cluster.until("orders has what its autoscaler asks for", async () => (await readyPods("orders")).length === 4);
    const changes = await differences(cluster.api, all(exported));
    assert.deepEqual(changes.filter(({ change }) => change !== "same"), []);
  });

  test("a field that nobody knows is refused, and pods that could become more than they are", async () => {
    const { spec, ...rest } = objectOf("Deployment", "mail") as any;
    await assert.rejects(cluster.api.apply({ ...rest, spec: { ...spec, replica: 2 } }), {
      why: /unknown field|field not declared/,
    });
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "bare", namespace: "store" }, spec: { containers: [{ name: "one", image: "x:1" }] } };
    const answer = await cluster.api.request("POST", "/api/v1/namespaces/store/pods", pod);
    assert.equal(answer.status, 403);
  });

  test("the canary has its share of the route", async () => {
    const route = (await cluster.api.read(objectOf("HTTPRoute", "gateway-web"))) as any;
    const weights = route.spec.rules[0].backendRefs.map(({ name, weight }: any) => [name, weight]);
    assert.deepEqual(weights, [["gateway-web", 900], ["gateway-web-canary", 100]]);
    const [canary] = await readyPods("gateway-web-canary");
    assert.match(canary.spec.containers[0].image, /:ddeeff$/);
    const policy = objectOf("NetworkPolicy", "gateway-web") as any;
    assert.ok(policy.spec.podSelector.matchExpressions[0].values.includes("gateway-web-canary"));
  });

  test("a Service's endpoints are the pods that serve, and those that migrate are none", async () => {
    const selector = encodeURIComponent("kubernetes.io/service-name=orders");
    const path = `/apis/discovery.k8s.io/v1/namespaces/store/endpointslices?labelSelector=${selector}`;
    await cluster.until("all pods are endpoints", async () => {
      const { items } = (await cluster.api.request("GET", path)).body as { items: any[] };
      const found = items.flatMap(({ endpoints }) => endpoints ?? []);
      const serving = (await readyPods("orders")).map(({ metadata }) => metadata.name).toSorted();
      return found.map(({ targetRef }) => targetRef.name).toSorted().join() === serving.join();
    });
  });

  test("a release rolls, with never fewer copies than wanted, and rolls back", async () => {
    const next = kubernetesExport(exampleApp, { ...options, tags: { ...exampleTags, orders: "2b3c4d" } });
    const deployment = objectOf("Deployment", "orders", next);
    const changes = await differences(cluster.api, [{ object: deployment, remarks: [] }]);
    assert.deepEqual(changes[0]?.fields, ["spec.template.spec.containers.0.image"]);
    await cluster.api.apply(deployment);
    let fewest = Number.POSITIVE_INFINITY;
    const watching = new AbortController();
    const counting = (async () => {
      while (!watching.signal.aborted) fewest = Math.min(fewest, (await readyPods("orders")).length);
    })();
    await watchRollout(cluster.api, deployment, { boundMs: 60_000, clock });
    watching.abort();
    await counting;
    assert.ok(fewest >= 4, `there were ${fewest}`);
    assert.ok((await pods("orders")).every(({ spec }) => spec.containers[0].image.endsWith(":2b3c4d")));
    assert.equal(await rollBack(cluster.api, deployment), 1);
    await watchRollout(cluster.api, deployment, { boundMs: 60_000, clock });
    assert.ok((await pods("orders")).every(({ spec }) => spec.containers[0].image.endsWith(":1a2b3c")));
  });

  test("a node lost: its pods come up on others", async () => {
    const zones = async (): Promise<string[]> =>
      (await readyPods("orders")).map(({ spec }) => spec.nodeName as string);
    assert.ok((await zones()).some((node) => node.startsWith("node-b")), "spread over both zones");
    await cluster.loseNodes("b");
    await cluster.until(
      "four copies run on what is left",
      async () => (await zones()).filter((node) => node.startsWith("node-a")).length === 4,
      120_000,
    );
  });

  test("a chart is the plain export, and is installed with another image", async () => {
    const charts = join(cluster.directory, "charts");
    await writeFiles(charts, { files: helmCharts(exported) });
    const helm = async (...args: string[]): Promise<string> => {
      const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, HELM_CACHE_HOME: cluster.directory, HELM_CONFIG_HOME: cluster.directory, HELM_DATA_HOME: cluster.directory };
      return (await promisify(execFile)(helmProgram, args, { env, maxBuffer: 16 * 1_048_576 })).stdout;
    };
    const keyed = (objects: readonly any[]): [string, unknown][] =>
      objects
        .map((object): [string, unknown] => [`${object.kind} ${object.metadata.name}`, object])
        .toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const { manifests, program } of exported.programs) {
      const text = await helm("template", program.name, join(charts, program.name));
      const rendered = parseAllDocuments(text).map((document) => document.toJS() as unknown);
      const plain = JSON.parse(JSON.stringify(manifests.map(({ object }) => object))) as any[];
      assert.deepEqual(keyed(rendered), keyed(plain));
    }
    // Helm takes nothing over that another has applied.
    const payments = exported.programs.find(({ program }) => program.name === "payments");
    for (const { object } of payments?.manifests ?? []) await cluster.api.remove(object);
    await cluster.until("the program is gone", async () => (await pods("payments")).length === 0);
    const image = "registry.example.com/store/payments:eeff00";
    const set = ["--set", `image=${image}`, "--set-json", 'env=[{"name":"TZ","value":"UTC"}]'];
    await helm("install", "payments", join(charts, "payments"), "--namespace", "store", ...set);
    const deployment = objectOf("Deployment", "payments");
    await watchRollout(cluster.api, deployment, { boundMs: 60_000, clock });
    const [pod] = await readyPods("payments");
    assert.equal(pod.spec.containers[0].image, image);
    assert.deepEqual(pod.spec.containers[0].env.map(({ name }: any) => name), ["KERF_BOOT_FILE", "TZ"]);
  });

  test("what is taken away is gone with all that belonged to it", async () => {
    await cluster.api.remove(objectOf("Deployment", "mail"));
    await cluster.until("no pod of it is left", async () => (await pods("mail")).length === 0);
  });
});
