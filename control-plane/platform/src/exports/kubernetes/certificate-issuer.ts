import { createHash } from "node:crypto";
import type { ICronJob, IJob } from "kubernetes-models/batch/v1";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IRole, IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import type { IPodTemplateSpec, ISecret, IServiceAccount } from "kubernetes-models/v1";
import { issueArguments } from "../../cluster-certificates/issue-order.ts";
import { programPath } from "../../images/program-layer.ts";
import type { ExportedProgram } from "../exported-programs.ts";
import { appLabels, clusterNames, managedBy, selectorOf } from "./cluster-names.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { type Manifest, manifest } from "./manifest.ts";
import { apiPorts } from "./network.ts";
import { restrictedContainer, restrictedPod } from "./container-parts.ts";
import { pulledWith } from "./pod.ts";

/** Longest run, seconds, and how late one may begin. */
const runSeconds = 300;
const lateSeconds = 1_800;

/**
 * What gives programs their certificates where cert-manager is not: an empty Secret for each and one for the authority, a Job that fills them and is run again every hour, and
 * an account that may touch these Secrets and nothing else. Nothing where certificates come from elsewhere.
 */
export function certificateIssuer(
  programs: readonly ExportedProgram[],
  { certificates, environment, namespace, pullSecret }: KubernetesOptions,
  app: string,
): Manifest[] {
  if (certificates !== "kerf") return [];
  const { authority, issuer: name } = clusterNames;
  const labels = { ...selectorOf({ name }, app), ...managedBy };
  const metadata = { name, namespace, labels };
  const identities = Object.fromEntries(
    programs.map((program) => [program.unit, clusterNames.identity(program.name)]),
  );
  const secretNames = [authority, ...Object.values(identities)];
  const template = issuerPods(
    // Every image of Kerf has the program that does it; that of a gateway changes least.
    (programs.find(({ gateway }) => gateway !== undefined) ?? programs[0])?.image ?? "",
    issueArguments({ environment, namespace, authority, identities }),
    { labels, pullSecret },
  );
  const account: IServiceAccount = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata,
    automountServiceAccountToken: false,
  };
  const role: IRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata,
    rules: [
      {
        apiGroups: [""],
        resources: ["secrets"],
        resourceNames: secretNames,
        verbs: ["get", "patch"],
      },
    ],
  };
  const binding: IRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  };
  return [
    ...secretNames.map((each) => emptySecret(each, namespace, app)),
    manifest(account),
    manifest(role, [
      {
        at: ["rules"],
        text: "The Secrets above by their names: it cannot list any, make one, or read passwords.",
      },
    ]),
    manifest(binding),
    issuerPolicy(metadata, app),
    ...runs(metadata, template),
  ];
}

/** A Secret that only the issuer fills; whoever applies it again changes nothing of what is in it. */
function emptySecret(name: string, namespace: string, app: string): Manifest {
  const secret: ISecret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: appLabels(app) },
    type: "Opaque",
  };
  return manifest(
    secret,
    name === clusterNames.authority
      ? [
          {
            at: ["metadata", "name"],
            text: "The keys that certificates are signed with; no pod mounts it. Who may read it can be anybody here. Keep it: with another one, programs do not accept each other until all have it.",
          },
        ]
      : [],
  );
}

function issuerPolicy(
  metadata: { name: string; namespace: string; labels: Record<string, string> },
  app: string,
): Manifest {
  const policy: INetworkPolicy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata,
    spec: {
      podSelector: { matchLabels: selectorOf(metadata, app) },
      policyTypes: ["Ingress", "Egress"],
      egress: [{ ports: apiPorts.map((port) => ({ port, protocol: "TCP" })) }],
    },
  };
  return manifest(policy, [
    {
      at: ["spec", "egress"],
      text: "What it needs is the API of Kubernetes. Policies know addresses only; add its own where it is fixed.",
    },
  ]);
}

/** The first run, which others wait for, and the one of every hour. */
function runs(
  metadata: { name: string; namespace: string; labels: Record<string, string> },
  template: IPodTemplateSpec,
): Manifest[] {
  const form = createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
  const work = { activeDeadlineSeconds: runSeconds, template };
  const first: IJob = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...metadata, name: `${metadata.name}-${form}` },
    spec: { backoffLimit: 5, ttlSecondsAfterFinished: 86_400, ...work },
  };
  const hourly: ICronJob = {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata,
    spec: {
      schedule: "17 * * * *",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: lateSeconds,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels: metadata.labels },
        spec: { backoffLimit: 2, ...work },
      },
    },
  };
  return [
    manifest(first, [
      {
        at: ["metadata", "name"],
        text: "Named by what it does: with another program in the app it runs anew. Pods wait for their Secret until it is done.",
      },
    ]),
    manifest(hourly, [
      {
        at: ["spec", "schedule"],
        text: "Certificates hold for 24 hours and are made anew after 9, before programs look for the next one: runs may fail for half a day.",
      },
    ]),
  ];
}

function issuerPods(
  image: string,
  args: readonly string[],
  { labels, pullSecret }: { labels: Record<string, string>; pullSecret: string | undefined },
): IPodTemplateSpec {
  return {
    metadata: { labels },
    spec: {
      serviceAccountName: clusterNames.issuer,
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      ...pulledWith({ pullSecret }),
      restartPolicy: "OnFailure",
      securityContext: restrictedPod,
      containers: [
        {
          name: "certificates",
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["node", programPath("certificates")],
          args: [...args],
          resources: {
            requests: { cpu: "50m", memory: "64Mi", "ephemeral-storage": "16Mi" },
            limits: { cpu: "1", memory: "160Mi", "ephemeral-storage": "32Mi" },
          },
          securityContext: restrictedContainer,
        },
      ],
    },
  };
}
