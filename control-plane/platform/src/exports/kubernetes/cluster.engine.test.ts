import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { request as send } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, test } from "node:test";
import { KubernetesDiscovery } from "@kerf/call";
import { systemClock, systemRandom } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { parseAllDocuments } from "yaml";
import { issueCertificates } from "../../cluster-certificates/issue-certificates.ts";
import { issueOrderOf } from "../../cluster-certificates/issue-order.ts";
import { SecretsApi } from "../../cluster-certificates/secrets-api.ts";
import { helmCharts } from "../helm/helm-charts.ts";
import { brokenTags, hasKubernetes, helmProgram, TestCluster } from "../testing/cluster.ts";
import {
  exampleApp,
  exampleAppWithImages,
  exampleImages,
  exampleTags,
} from "../testing/example-app.ts";
import { writeFiles } from "../write-files.ts";
import { clusterNames } from "./cluster-names.ts";
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

describe("an export in a real cluster", { skip, timeout: 500_000 }, () => {
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

  /** The fewest ready copies that there were until it is asked. */
  const fewest = (name: string): (() => Promise<number>) => {
    let least = Number.POSITIVE_INFINITY;
    const watching = new AbortController();
    const counting = (async () => {
      while (!watching.signal.aborted) least = Math.min(least, (await readyPods(name)).length);
    })();
    return async () => {
      watching.abort();
      await counting;
      return least;
    };
  };

  /** The file of a token of an account, as pods of it have one. */
  const tokenOf = async (account: string, namespace: string): Promise<string> => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
    const { token } = (await cluster.api.request("POST", path, request)).body.status;
    const file = join(cluster.directory, `${namespace}-${account}-token`);
    await writeFile(file, token as string, { mode: 0o600 });
    return file;
  };

  /** What the API answers to somebody with this token. */
  const fetchAs = async (
    token: string,
    path: string,
    method = "GET",
  ): Promise<number | undefined> => {
    const request = send(new URL(path, cluster.api.server), {
      method,
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}` },
    }).end();
    const [response] = await once(request, "response");
    response.destroy();
    return response.statusCode as number;
  };

  before(async () => {
    cluster = await TestCluster.start();
    const kinds = await cluster.define();
    for (const wanted of ["HTTPRoute", "Certificate", "ScaledObject", "Cluster", "ExternalSecret"])
      assert.ok(kinds.includes(wanted), `${wanted} is not defined`);
  });
  after(() => cluster?.stop());

  test("what it would change is known before, and nothing of it is done", async () => {
    const changes = await differences(cluster.api, exported);
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
    await cluster.until(
      "orders has what its autoscaler asks for",
      async () => (await readyPods("orders")).length === 4,
    );
    const changes = await differences(cluster.api, exported);
    assert.deepEqual(
      changes.filter(({ change }) => change !== "same"),
      [],
    );
  });

  test("a field that nobody knows is refused, and pods that could become more than they are", async () => {
    const { spec, ...rest } = objectOf("Deployment", "mail") as any;
    await assert.rejects(cluster.api.apply({ ...rest, spec: { ...spec, replica: 2 } }), {
      why: /unknown field|field not declared/,
    });
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "bare", namespace: "store" },
      spec: { containers: [{ name: "one", image: "x:1" }] },
    };
    const answer = await cluster.api.request("POST", "/api/v1/namespaces/store/pods", pod);
    assert.equal(answer.status, 403);
  });

  test("the canary has its share of the route", async () => {
    const route = (await cluster.api.read(objectOf("HTTPRoute", "gateway-web"))) as any;
    const weights = route.spec.rules[0].backendRefs.map(({ name, weight }: any) => [name, weight]);
    assert.deepEqual(weights, [
      ["gateway-web", 900],
      ["gateway-web-canary", 100],
    ]);
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
      const endpoints = new Set(found.map(({ targetRef }) => targetRef.name as string));
      const serving = new Set(
        (await readyPods("orders")).map(({ metadata }) => metadata.name as string),
      );
      return endpoints.symmetricDifference(serving).size === 0;
    });
  });

  test("a program finds those whom it calls with the rights of its own account, and gets no others", async () => {
    const tokenFile = await tokenOf("orders", "store");
    const discovery = new KubernetesDiscovery({
      api: {
        server: cluster.api.server,
        tokenFile,
        caFile: join(cluster.directory, "certificates/apiserver.crt"),
      },
      namespace: "store",
      services: { payments: { name: "payments", port: "calls" } },
      clock,
      random: systemRandom,
      log: silentLogger,
    });
    await discovery.start();
    try {
      const serving = (await readyPods("payments")).map(({ status }) => `tcp:${status.podIP}:7000`);
      assert.deepEqual(
        new Set(discovery.instancesOf("payments").map(({ address }) => address)),
        new Set(serving),
      );
    } finally {
      await discovery.stop();
    }
    const token = await readFile(tokenFile, "utf8");
    const asked = await fetchAs(token, "/api/v1/namespaces/store/secrets");
    assert.equal(asked, 403);
  });

  test("certificates of an authority of its own: made with the rights of their account, which has no others", async () => {
    const namespace = "own";
    const certified = kubernetesExport(exampleApp, {
      ...options,
      namespace,
      certificates: "kerf",
      canary: {},
    });
    // What programs share is enough: it is applied whole before the first of them.
    const deployed = { ...certified, programs: [] };
    await deployTo(cluster.api, deployed, { clock });
    const { args } = (objectOf("CronJob", clusterNames.issuer, certified) as any).spec.jobTemplate
      .spec.template.spec.containers[0];
    const order = issueOrderOf(args as string[]);
    const api = {
      server: cluster.api.server,
      tokenFile: await tokenOf(clusterNames.issuer, namespace),
      caFile: join(cluster.directory, "certificates/apiserver.crt"),
    };
    const secrets = new SecretsApi(api, namespace);
    const run = () => issueCertificates(order, { clock, log: silentLogger, secrets });
    const before = await secrets.read(clusterNames.authority);
    assert.deepEqual((await run()).issued, ["mail", "orders", "payments", "gateway:web"]);
    const { data } = await secrets.read(clusterNames.identity("orders"));
    assert.deepEqual(Object.keys(data).toSorted(), ["ca.crt", "tls.crt", "tls.key"]);
    // Another run that began before it makes no second authority.
    await assert.rejects(
      secrets.write(clusterNames.authority, { "authorities.json": "[]" }, before),
      {
        code: "conflict",
      },
    );
    // Deployed again, nothing of what is in them is taken away.
    await deployTo(cluster.api, deployed, { clock });
    assert.deepEqual((await secrets.read(clusterNames.identity("orders"))).data, data);
    assert.deepEqual(await run(), { issued: [], told: [] });

    await cluster.api.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "orders-database", namespace },
    });
    await assert.rejects(secrets.read("orders-database"), {
      code: "forbidden",
      why: /cannot get resource "secrets"/,
    });
    const token = await readFile(api.tokenFile, "utf8");
    const all = `/api/v1/namespaces/${namespace}/secrets`;
    assert.equal(await fetchAs(token, all), 403);
    for (const [method, path] of [
      ["POST", all],
      ["DELETE", `${all}/${clusterNames.identity("orders")}`],
      ["GET", `/api/v1/namespaces/store/secrets/${clusterNames.authority}`],
      ["GET", `/api/v1/namespaces/${namespace}/pods`],
    ] as const)
      assert.equal(await fetchAs(token, path, method), 403, `${method} ${path}`);

    // With another's certificates what made these goes, and what holds keys stays.
    const changes = await differences(cluster.api, {
      ...kubernetesExport(exampleApp, { ...options, namespace }),
      programs: [],
    });
    const gone = changes.filter(({ change }) => change === "gone");
    assert.deepEqual(
      gone.map(({ kind, name }) => `${kind} ${name.replace(/-[0-9a-f]{10}$/, "-…")}`),
      [
        "CronJob kerf-certificates",
        "Job kerf-certificates-…",
        "NetworkPolicy kerf-certificates",
        "RoleBinding kerf-certificates",
        "Role kerf-certificates",
        "ServiceAccount kerf-certificates",
      ],
    );
  });

  test("a release rolls, with never fewer copies than wanted, and rolls back", async () => {
    const next = kubernetesExport(exampleApp, {
      ...options,
      tags: { ...exampleTags, orders: "2b3c4d" },
    });
    const deployment = objectOf("Deployment", "orders", next);
    const changes = await differences(cluster.api, next);
    assert.deepEqual(
      changes.filter(({ change }) => change !== "same").map(({ change, kind }) => [kind, change]),
      [
        ["Job", "new"],
        ["Deployment", "changed"],
        ["Job", "gone"],
      ],
    );
    assert.deepEqual(
      changes.find(({ kind, name }) => kind === "Deployment" && name === "orders")?.fields,
      ["spec.template.spec.containers.0.image"],
    );
    await cluster.api.apply(deployment);
    const watch = fewest("orders");
    await watchRollout(cluster.api, deployment, { boundMs: 60_000, clock });
    assert.ok((await watch()) >= 4);
    assert.ok(
      (await pods("orders")).every(({ spec }) => spec.containers[0].image.endsWith(":2b3c4d")),
    );
    assert.equal(await rollBack(cluster.api, deployment), 1);
    await watchRollout(cluster.api, deployment, { boundMs: 60_000, clock });
    assert.ok(
      (await pods("orders")).every(({ spec }) => spec.containers[0].image.endsWith(":1a2b3c")),
    );
  });

  for (const [why, tag, said] of [
    ["hangs in its start", brokenTags.failing, /progress/],
    ["says that another start would not help", brokenTags.hopeless, /does not help/],
  ] as const) {
    test(`a release that ${why} goes back by itself, while what served serves on`, async () => {
      const next = structuredClone(
        kubernetesExport(exampleApp, {
          ...options,
          tags: { ...exampleTags, "gateway-web": tag },
          // One that was never there has nothing to go back to, and no request comes to it.
          canary: {},
        }),
      );
      const deployment = objectOf("Deployment", "gateway-web", next) as any;
      if (tag === brokenTags.failing) deployment.spec.progressDeadlineSeconds = 5;
      const watch = fewest("gateway-web");
      await assert.rejects(
        deployTo(cluster.api, next, { clock }),
        ({ code, fix, why: reason }: any) => {
          assert.equal(code, "start_failed");
          assert.match(reason, said);
          assert.match(
            reason,
            /gateway-web-\w+-\w+: CrashLoopBackOff: back-off .*: it ended with \d+, 3 times/,
          );
          assert.match(fix, /It was rolled back to its revision \d+\./);
          return true;
        },
      );
      assert.equal(await watch(), 4);
      const images = (await readyPods("gateway-web")).map(({ spec }) => spec.containers[0].image);
      assert.deepEqual(new Set(images), new Set(["registry.example.com/store/gateway-web:aabbcc"]));
      const route = (await cluster.api.read(objectOf("HTTPRoute", "gateway-web"))) as any;
      assert.equal(route.spec.rules[0].backendRefs.length, 2);
    });
  }

  test("migrations that fail change nothing of what serves, and run again with the next deploy", async () => {
    const next = structuredClone(
      kubernetesExport(exampleApp, {
        ...options,
        tags: { ...exampleTags, payments: brokenTags.failing },
      }),
    );
    const job = all(next).find(
      ({ object }) => object.metadata.name.startsWith("payments-migrate-") && object.kind === "Job",
    )?.object as any;
    job.spec.backoffLimit = 0;
    const failed = { code: "migration_failed", fix: /Nothing that serves was changed/ };
    await assert.rejects(deployTo(cluster.api, next, { clock }), failed);
    const uid = async (): Promise<string> => ((await cluster.api.read(job)) as any).metadata.uid;
    const first = await uid();
    await assert.rejects(deployTo(cluster.api, next, { clock }), failed);
    assert.notEqual(await uid(), first);
    assert.ok(
      (await pods("payments")).every(({ spec }) => spec.containers[0].image.endsWith(":4d5e6f")),
    );
  });

  test("while a program rolls, what the release before may reach stays open; what the app no longer has is taken away", async () => {
    const { mail: _, ...units } = exampleApp.units;
    const services = exampleApp.services
      .filter(({ name }) => name !== "mail")
      .map((each) => (each.name === "orders" ? { ...each, uses: [] } : each));
    const next = kubernetesExport(
      { ...exampleApp, services, units },
      { ...options, canary: {}, tags: { ...exampleTags, orders: "3c4d5e" } },
    );
    const policy = objectOf("NetworkPolicy", "orders", next) as any;
    const reaches = (spec: any): boolean =>
      JSON.stringify(spec.egress).includes('"app.kubernetes.io/name":"payments"');
    assert.ok(!reaches(policy.spec));
    let meanwhile: boolean | undefined;
    await deployTo(cluster.api, next, {
      clock,
      events: {
        applied({ kind, metadata, spec }: any) {
          if (kind === "NetworkPolicy" && metadata.name === "orders") meanwhile ??= reaches(spec);
        },
      },
    });
    assert.equal(meanwhile, true);
    assert.ok(!reaches(((await cluster.api.read(policy)) as any).spec));
    for (const [kind, name] of [
      ["Deployment", "mail"],
      ["ScaledObject", "mail"],
      ["ServiceAccount", "mail"],
      ["Deployment", "gateway-web-canary"],
      ["Service", "gateway-web-canary"],
    ] as const)
      assert.equal(await cluster.api.read(objectOf(kind, name)), undefined, `${kind} ${name}`);
    // What holds data or secrets stays.
    assert.ok((await cluster.api.read(objectOf("ExternalSecret", "mail-database"))) !== undefined);
    // The form of orders before needs its document; nobody can go back to those of mail.
    const names = async (kind: string): Promise<string[]> =>
      (
        await cluster.api.list({ apiVersion: kind === "Job" ? "batch/v1" : "v1", kind }, "store")
      ).map(({ metadata }) => metadata.name);
    const documents = (await names("ConfigMap")).filter((name) => /-(?:boot|migrate)-/.test(name));
    assert.equal(documents.filter((name) => name.startsWith("mail-")).length, 0);
    assert.equal(documents.filter((name) => name.startsWith("orders-boot-")).length, 2);
    assert.deepEqual(
      (await names("Job")).toSorted(),
      all(next)
        .flatMap(({ object: { kind, metadata } }) => (kind === "Job" ? [metadata.name] : []))
        .toSorted(),
    );
    assert.equal(
      (await rollBack(cluster.api, objectOf("Deployment", "orders", next))) !== undefined,
      true,
    );
    // And all of it comes back.
    await deployTo(cluster.api, exported, { clock });
    assert.deepEqual(
      (await differences(cluster.api, exported)).filter(({ change }) => change !== "same"),
      [],
    );
  });

  test("an autoscaler follows what pods use, and a deploy leaves its number alone", async () => {
    await cluster.measure("payments", 1.4);
    const copies = async (): Promise<number> => (await readyPods("payments")).length;
    await cluster.until(
      "twice what each is to use is twice as many",
      async () => (await copies()) >= 8,
    );
    await cluster.measure("payments", 0.7);
    await cluster.api.apply(objectOf("Deployment", "payments"));
    assert.ok((await copies()) >= 8);
  });

  test("a number of copies that an earlier release said stays when an autoscaler takes over", async () => {
    const gateway = objectOf("Deployment", "gateway-web") as any;
    await cluster.api.apply({ ...gateway, spec: { ...gateway.spec, replicas: 5 } });
    await deployTo(cluster.api, exported, { clock });
    const { metadata, spec } = (await cluster.api.read(gateway)) as any;
    assert.ok(spec.replicas >= 5, `${spec.replicas} copies`);
    const ours = metadata.managedFields.find(({ manager }: any) => manager === "kerf");
    assert.equal(ours.fieldsV1["f:spec"]["f:replicas"], undefined);
  });

  test("an image of somebody else beside its sidecar is taken without a warning, and becomes ready", async () => {
    const withImage = kubernetesExport(exampleAppWithImages, { ...options, images: exampleImages });
    const tags = withImage.programs.find(({ program }) => program.name === "tags");
    const said: string[] = [];
    for (const { object } of tags?.manifests ?? [])
      said.push(...(await cluster.api.apply(object)).warnings);
    assert.deepEqual(said, []);
    const deployment = objectOf("Deployment", "tags", withImage);
    await watchRollout(cluster.api, deployment, { boundMs: 60_000, clock });
    const [pod] = await readyPods("tags");
    assert.deepEqual(
      pod.spec.containers.map(({ name }: any) => name),
      ["program", "sidecar"],
    );
  });

  test("a node lost: its pods come up on others", async () => {
    const zones = async (): Promise<string[]> =>
      (await readyPods("orders")).map(({ spec }) => spec.nodeName as string);
    assert.ok(
      (await zones()).some((node) => node.startsWith("node-b")),
      "spread over both zones",
    );
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
      const env = {
        ...process.env,
        KUBECONFIG: cluster.kubeconfig,
        HELM_CACHE_HOME: cluster.directory,
        HELM_CONFIG_HOME: cluster.directory,
        HELM_DATA_HOME: cluster.directory,
      };
      return (await promisify(execFile)(helmProgram, args, { env, maxBuffer: 16 * 1_048_576 }))
        .stdout;
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
    const deployment = objectOf("Deployment", "payments");
    const serving = async (): Promise<any> => {
      await watchRollout(cluster.api, deployment, { boundMs: 60_000, clock });
      const containers = (await readyPods("payments")).map(({ spec }) => spec.containers[0]);
      assert.equal(new Set(containers.map((one) => one.image)).size, 1);
      return containers[0];
    };
    const chart = [join(charts, "payments"), "--namespace", "store"];
    await helm("install", "payments", ...chart, ...set);
    const installed = await serving();
    assert.equal(installed.image, image);
    assert.deepEqual(
      installed.env.map(({ name }: any) => name),
      ["KERF_BOOT_FILE", "TZ"],
    );
    const next = image.replace("eeff00", "eeff01");
    await helm("upgrade", "payments", ...chart, "--set", `image=${next}`);
    assert.equal((await serving()).image, next);
    await helm("rollback", "payments", "1", "--namespace", "store");
    assert.deepEqual(await serving(), installed);
    // A deploy of the rest takes nothing of a team's chart away.
    const rest = await differences(cluster.api, { ...exported, programs: [] });
    const gone = new Set(
      rest.flatMap(({ change, kind, name }) => (change === "gone" ? [`${kind} ${name}`] : [])),
    );
    assert.ok(gone.has("Deployment orders"));
    const own = payments?.manifests.map(
      ({ object: { kind, metadata } }) => `${kind} ${metadata.name}`,
    );
    assert.ok(gone.isDisjointFrom(new Set(own)));
  });

  test("what is taken away is gone with all that belonged to it", async () => {
    await cluster.api.remove(objectOf("Deployment", "mail"));
    await cluster.until("no pod of it is left", async () => (await pods("mail")).length === 0);
  });
});
