import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { AppManifest } from "@kerf/service";
import { Deployment } from "kubernetes-models/apps/v1";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { Job } from "kubernetes-models/batch/v1";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { ConfigMap, Service, ServiceAccount } from "kubernetes-models/v1";
import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1";
import { parse } from "yaml";
import { composeExport } from "../compose/compose-export.ts";
import { helmCharts } from "../helm/helm-charts.ts";
import { kubernetesExport } from "../kubernetes/kubernetes-export.ts";
import type { KubernetesOptions } from "../kubernetes/kubernetes-options.ts";
import { wantedSecrets } from "../kubernetes/data.ts";
import { type Manifest, toYaml } from "../kubernetes/manifest.ts";
import {
  exampleApp,
  exampleAppWithImages,
  exampleImages,
  exampleTags,
} from "../testing/example-app.ts";
import { readImages } from "./exported-image.ts";
import { withImages } from "./with-images.ts";

const folder = await mkdtemp(join(tmpdir(), "kerf-images-"));
after(() => rm(folder, { recursive: true }));
const options: KubernetesOptions = {
  environment: "production",
  registry: "registry.example.com",
  tags: exampleTags,
  replicas: 2,
  namespace: "store",
  discovery: "endpointslices",
  certificates: { issuer: "kerf", kind: "Issuer" },
  postgres: "url",
  secrets: "existing",
  broker: "nats+tls://nats.messaging:4222/store",
  brokerSecret: true,
  brokerLogin: "nats+tls://kerf:hush@nats.messaging:4222/store",
  images: exampleImages,
};
const golden = (name: string): string =>
  fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
const asText = { serializers: [(value: unknown) => String(value)] };
const exported = kubernetesExport(exampleAppWithImages, options);
const all = exported.programs.flatMap(({ manifests }) => manifests);
const objectOf = (kind: string, name: string): any =>
  all.find(({ object }) => object.kind === kind && object.metadata.name.startsWith(name))?.object ??
  assert.fail(`no ${kind} ${name}`);

test("an image beside the app is the file golden/kubernetes-images.yaml, and each object is one of its schema", (context) => {
  const { manifests } = exported.programs.find(({ program }) => program.name === "tags") ?? {
    manifests: [] as Manifest[],
  };
  context.assert.fileSnapshot(toYaml(manifests), golden("kubernetes-images.yaml"), asText);
  const kinds: Record<string, new (data: any) => { validate(): void }> = {
    Certificate,
    ConfigMap,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    NetworkPolicy,
    PodDisruptionBudget,
    Service,
    ServiceAccount,
  };
  for (const { object } of manifests) {
    const Model = kinds[object.kind] ?? assert.fail(object.kind);
    new Model(object).validate();
  }
});

test("both containers of an image are restricted, and only its sidecar has what is the app's", () => {
  const { spec: pod } = objectOf("Deployment", "tags").spec.template;
  const [program, sidecar] = pod.containers;
  for (const one of pod.containers) {
    assert.equal(one.securityContext.readOnlyRootFilesystem, true);
    assert.equal(one.securityContext.allowPrivilegeEscalation, false);
    assert.deepEqual(one.securityContext.capabilities, { drop: ["ALL"] });
    assert.ok(one.startupProbe !== undefined && one.readinessProbe !== undefined);
  }
  const mounts = (one: any): string[] => one.volumeMounts.map(({ mountPath }: any) => mountPath);
  assert.deepEqual(mounts(program), ["/run/secrets", "/tmp", "/var/cache/tags"]);
  assert.ok(mounts(sidecar).includes("/run/secrets/kerf"));
  // A token of the cluster's API would be the program's too.
  assert.equal(pod.automountServiceAccountToken, false);
  assert.ok(
    !all.some(({ object }) => object.kind === "RoleBinding" && object.metadata.name === "tags"),
  );
  assert.ok(!JSON.stringify(all.map(({ object }) => object)).includes("hush"));
});

test("the app's programs know the image, and nobody else reaches it", () => {
  const boot = (name: string): any =>
    JSON.parse(objectOf("ConfigMap", `${name}-boot`).data["boot.json"]);
  const { settings } = boot("gateway-web").placement.gateways.web;
  assert.deepEqual(settings.upstreams.tags, {
    discovery: {
      kubernetes: { namespace: "store", service: "tags", port: "calls" },
      scheme: "https",
    },
    host: "client",
    tls: { unit: "tags" },
  });
  assert.deepEqual(settings.routes.at(-1), {
    path: "/tags/*",
    to: { upstream: "tags" },
    rewrite: { prefix: "/" },
  });
  assert.deepEqual(boot("payments").placement.services.tags.uses, ["payments"]);
  assert.deepEqual(boot("orders").placement.services.tags.follows, ["orders"]);
  const own = boot("tags");
  assert.deepEqual(own.broker, { urlFile: "/run/secrets/kerf/broker/url" });
  assert.deepEqual(Object.keys(own.placement.gateways), ["web"]);
  assert.deepEqual(
    own.placement.services.tags.contracts.map(({ name }: any) => name),
    ["payments"],
  );
  const { ingress } = objectOf("NetworkPolicy", "tags").spec;
  assert.deepEqual(
    ingress[0].from.map(
      ({ podSelector }: any) => podSelector.matchLabels["app.kubernetes.io/name"],
    ),
    ["gateway-web", "mail"],
  );
});

test("what it needs of secrets is asked for: its own, its database, and who the app is to the broker", () => {
  const programs = exported.programs.map(({ program }) => program);
  const wanted = wantedSecrets(exampleAppWithImages, programs, options);
  const keysOf = (name: string) => wanted.find((one) => one.name === name)?.keys;
  assert.deepEqual(keysOf("tags-settings"), ["API_KEY"]);
  assert.deepEqual(keysOf("tags-database"), ["app-url", "owner-url"]);
  assert.deepEqual(keysOf("kerf-broker"), ["url"]);
});

test("its chart has its own image as a value, and its migrations those of the app", () => {
  const files = helmCharts(exported, ["tags"]);
  const values = parse(files["tags/values.yaml"] ?? "");
  assert.equal(values.image, "registry.example.com/team/tags:1");
  const template = files["tags/templates/tags.yaml"] ?? "";
  assert.match(template, /image: registry\.example\.com\/store\/gateway-web:aabbcc/);
  assert.match(template, /image: \{\{ \.Values\.image \}\}/);
});

test("for Compose it is golden/compose-images.yaml: a container beside its sidecar, on a network of their own", (context) => {
  const { files, given, secrets } = composeExport(exampleAppWithImages, {
    ...options,
    postgresImage: "postgres:18.0",
    port: 8080,
  });
  const document = parse(files["compose.yaml"] ?? "");
  const own = Object.entries(document.services).filter(([name]) => name.startsWith("tags"));
  const text = toYaml([{ object: Object.fromEntries(own) as never, remarks: [] }]);
  context.assert.fileSnapshot(text, golden("compose-images.yaml"), asText);
  const on = (network: string): string[] =>
    Object.entries<any>(document.services).flatMap(([name, { networks }]) =>
      [networks].flat().some((one) => one === network || one?.[network] !== undefined)
        ? [name]
        : [],
    );
  assert.deepEqual(on("beside-tags").toSorted(), ["tags", "tags-program"]);
  assert.deepEqual(on("calls-tags").toSorted(), ["gateway-web", "mail", "tags"]);
  assert.deepEqual(on("outside").toSorted(), ["mail", "orders", "payments", "tags"]);
  assert.deepEqual([given, secrets["broker/url"]], [["broker/url"], options.brokerLogin]);
  assert.ok(!Object.values(files).some((each) => each.includes("hush")));
});

test("a file with images is read whole, and refused with what is wrong in it", async () => {
  const read = async (document: unknown) => {
    const path = join(folder, "images.json");
    await writeFile(path, JSON.stringify(document));
    return readImages(path);
  };
  const least = { image: "team/tags:1" };
  assert.equal((await read({ tags: least }))["tags"]?.port, 8080);
  for (const [wrong, why] of [
    [{ tags: {} }, /image/],
    [{ Tags: least }, /Tags/],
    [{ tags: { ...least, prot: 1 } }, /prot/],
    [{ tags: { image: "team/tags" } }, /without a tag/],
    [{ tags: { image: "team/tags:latest" } }, /moves/],
    [{ tags: { ...least, port: 7000 } }, /sidecar takes/],
    [{ tags: { ...least, env: { API_KEY: "x" } } }, /secret/],
  ] as const)
    await assert.rejects(read(wrong), { code: "invalid_configuration", why });
});

test("an image that the app cannot have is refused", () => {
  const tags = exampleImages["tags"] ?? assert.fail();
  const refuse = (app: AppManifest, images: Record<string, typeof tags>, message: RegExp) =>
    assert.throws(() => withImages(app, images), { code: "invalid_configuration", message });
  refuse(exampleApp, { tags }, /Nobody emits orders\.placed/);
  const silent = { ...tags, follows: [] };
  refuse(exampleApp, { orders: silent }, /is a service of the app/);
  refuse(exampleApp, { tags: { ...silent, expose: "mobile" } }, /no gateway "mobile"/);
  refuse(exampleApp, { tags: { ...silent, uses: ["stock"] } }, /uses stock/);
});
