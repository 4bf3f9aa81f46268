import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as apps from "kubernetes-models/apps/v1";
import * as autoscaling from "kubernetes-models/autoscaling/v2";
import * as batch from "kubernetes-models/batch/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as rbac from "kubernetes-models/rbac.authorization.k8s.io/v1";
import * as core from "kubernetes-models/v1";
import { Cluster } from "@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1";
import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1";
import { ExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1";
import { parseAllDocuments } from "yaml";
import { exampleApp, exampleTags } from "../testing/example-app.ts";
import { kubernetesExport } from "./kubernetes-export.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { type Manifest, toYaml } from "./manifest.ts";

const plain: KubernetesOptions = {
  environment: "production",
  registry: "registry.example.com",
  tags: exampleTags,
  replicas: 2,
  namespace: "store",
  discovery: "endpointslices",
  certificates: { issuer: "kerf", kind: "Issuer" },
  postgres: "url",
  secrets: "existing",
  otlp: "http://collector.telemetry:4318",
};

/** Everything that can be had from others instead. */
const operators: KubernetesOptions = {
  ...plain,
  discovery: "dns",
  certificates: "mesh",
  postgres: "cloudnative-pg",
  secrets: { store: "vault" },
  ingress: "ingress/public",
  domains: { web: ["store.example.com"] },
  canary: { web: { tag: "ddeeff", share: 0.1 } },
  prometheus: "http://prometheus.telemetry:9090",
  broker: "nats://nats.messaging:4222/store",
};

/** Certificates by Kerf's own Job. */
const own: KubernetesOptions = { ...plain, certificates: "kerf" };

const all = (options: KubernetesOptions): Manifest[] => {
  const { programs, shared } = kubernetesExport(exampleApp, options);
  return [...shared, ...programs.flatMap(({ manifests }) => manifests)];
};

const golden = (name: string): string =>
  fileURLToPath(new URL(`../golden/${name}.yaml`, import.meta.url));

for (const [name, options] of Object.entries({ plain, operators })) {
  test(`the export is the file golden/kubernetes-${name}.yaml, and the same each time`, (context) => {
    const text = toYaml(all(options));
    assert.equal(text, toYaml(all(options)));
    context.assert.fileSnapshot(text, golden(`kubernetes-${name}`), {
      serializers: [(value: unknown) => String(value)],
    });
    // Comments change nothing of what it says.
    const read = parseAllDocuments(text).map((document) => document.toJS() as unknown);
    assert.deepEqual(read, JSON.parse(JSON.stringify(all(options).map(({ object }) => object))));
  });
}

test("certificates of an own authority are the file golden/kubernetes-certificates.yaml, and all else is as it was", (context) => {
  const objectsOf = (options: KubernetesOptions): string[] =>
    all(options).map((one) => toYaml([one]));
  const before = new Set(objectsOf(plain));
  const deployments = all(plain).filter(({ object }) => object.kind === "Deployment").length;
  const added = all(own).filter((one) => !before.has(toYaml([one])));
  const changed = added.filter(({ object }) => object.kind === "Deployment");
  assert.equal(changed.length, deployments);
  for (const { object } of changed) {
    const { name } = object.metadata;
    assert.ok(toYaml([{ object, remarks: [] }]).includes(`name: ${name}-identity`), name);
  }
  context.assert.fileSnapshot(
    toYaml(added.filter((one) => !changed.includes(one))),
    golden("kubernetes-certificates"),
    { serializers: [(value: unknown) => String(value)] },
  );
  const left = all(plain).filter((one) => !new Set(objectsOf(own)).has(toYaml([one])));
  assert.deepEqual(
    new Set(left.map(({ object }) => object.kind)),
    new Set(["Certificate", "Deployment"]),
  );
});

for (const [name, options] of Object.entries({ plain, operators, own })) {
  test(`every object of ${name} is one of its schema`, () => {
    const kinds: Record<string, new (data: any) => { validate(): void }> = {
      Certificate,
      Cluster,
      ExternalSecret,
      HTTPRoute,
      ScaledObject,
      ConfigMap: core.ConfigMap,
      CronJob: batch.CronJob,
      Deployment: apps.Deployment,
      HorizontalPodAutoscaler: autoscaling.HorizontalPodAutoscaler,
      Job: batch.Job,
      Namespace: core.Namespace,
      NetworkPolicy: networking.NetworkPolicy,
      PodDisruptionBudget: policy.PodDisruptionBudget,
      Role: rbac.Role,
      Secret: core.Secret,
      RoleBinding: rbac.RoleBinding,
      Service: core.Service,
      ServiceAccount: core.ServiceAccount,
    };
    for (const { object } of all(options)) {
      const Model = kinds[object.kind];
      assert.ok(Model !== undefined, `nothing checks ${object.kind}`);
      new Model(object).validate();
    }
  });

  test(`the pods of ${name} keep to the restricted standard, and to bounds`, () => {
    const pods = all(options).flatMap(({ object }) => {
      const { kind, metadata, spec } = object as any;
      const template = kind === "CronJob" ? spec.jobTemplate.spec.template : spec?.template;
      return template === undefined ? [] : [{ name: metadata.name, kind, pod: template.spec }];
    });
    assert.ok(pods.length > 0);
    for (const { kind, name, pod } of pods) {
      const about = `${kind} ${name}`;
      assert.equal(pod.securityContext.runAsNonRoot, true, about);
      assert.equal(pod.securityContext.seccompProfile.type, "RuntimeDefault", about);
      assert.ok(!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, about);
      for (const volume of pod.volumes ?? []) assert.equal(volume.hostPath, undefined, about);
      for (const one of pod.containers) {
        assert.equal(one.securityContext.allowPrivilegeEscalation, false, about);
        assert.equal(one.securityContext.readOnlyRootFilesystem, true, about);
        assert.deepEqual(one.securityContext.capabilities, { drop: ["ALL"] }, about);
        assert.match(one.image, /:(?!latest$)[\w.-]+$/, about);
        for (const kindOf of ["requests", "limits"])
          assert.deepEqual(
            Object.keys(one.resources[kindOf]).toSorted(),
            ["cpu", "ephemeral-storage", "memory"],
            about,
          );
        for (const { name: variable, valueFrom } of one.env ?? [])
          assert.ok(variable === "KERF_BOOT_FILE" && valueFrom === undefined, about);
        if (kind === "Deployment")
          for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"])
            assert.ok(one[probe] !== undefined, `${about} has no ${probe}`);
      }
    }
  });
}

test("only programs that look for others in the API of the cluster get a token", () => {
  const tokens = (options: KubernetesOptions): string[] =>
    all(options).flatMap(({ object }) => {
      const { kind, metadata, spec } = object as any;
      return kind === "Deployment" && spec.template.spec.automountServiceAccountToken
        ? [metadata.name]
        : [];
    });
  // Payments calls nobody.
  assert.deepEqual(tokens(plain), ["mail", "orders", "gateway-web"]);
  assert.deepEqual(tokens(operators), []);
});

test("only who makes certificates may read Secrets: those by their names, and never a password", () => {
  const rules = all(own).flatMap(({ object }) => {
    const { kind, metadata, rules: its = [] } = object as any;
    return kind === "Role" ? its.map((rule: any) => ({ role: metadata.name, ...rule })) : [];
  });
  const [secrets, ...others] = rules.filter(({ resources }) => resources.includes("secrets"));
  assert.deepEqual(others, []);
  assert.deepEqual(secrets, {
    role: "kerf-certificates",
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [
      "kerf-authority",
      ...["mail", "orders", "payments", "gateway-web"].map((name) => `${name}-identity`),
    ],
    verbs: ["get", "patch"],
  });
  // The keys of the authority lie in no pod, not even in that of who signs.
  const mounts = all(own).filter(({ object }) => /Deployment|Job/.test(object.kind));
  for (const { object } of mounts)
    assert.ok(!JSON.stringify((object as any).spec).includes('"name":"kerf-authority"'));
});

test("images of a private registry are pulled with a Secret, and telemetry that the app itself names is reached", () => {
  const { programs, shared } = kubernetesExport(
    { ...exampleApp, telemetry: { otlp: { endpoint: "http://collector:4319" } } },
    { ...own, otlp: undefined, pullSecret: "registry" },
  );
  const objects = [...shared, ...programs.flatMap(({ manifests }) => manifests)].map(
    ({ object }) => object as any,
  );
  for (const { kind, metadata, spec } of objects) {
    const template = kind === "CronJob" ? spec.jobTemplate.spec.template : spec?.template;
    const secrets = template?.spec.imagePullSecrets;
    assert.deepEqual(secrets, template && [{ name: "registry" }], metadata.name);
    if (kind === "NetworkPolicy" && metadata.name === "orders")
      assert.ok(spec.egress.at(-1).ports.some(({ port }: any) => port === 4319));
  }
});

test("a password in what many may read, and TLS behind what ends it, are refused", () => {
  assert.throws(() => all({ ...plain, broker: "nats://kerf:secret@nats:4222" }), {
    code: "invalid_configuration",
    message: /password/,
  });
  const gateways = exampleApp.gateways.map((gateway) => ({
    ...gateway,
    settings: { tls: { certFile: "./web.crt", keyFile: "./web.key" } },
  }));
  assert.throws(() => kubernetesExport({ ...exampleApp, gateways }, operators), {
    code: "invalid_configuration",
    fix: /--gateway/,
  });
});

test("what has no tag, or one that moves, is refused", () => {
  const { orders: _, ...others } = exampleTags;
  assert.throws(() => all({ ...plain, tags: others }), { code: "invalid_configuration" });
  assert.throws(() => all({ ...plain, tags: { ...exampleTags, orders: "latest" } }), /"latest"/);
});
