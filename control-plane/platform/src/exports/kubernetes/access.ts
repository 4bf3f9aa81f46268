import type { IRole, IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import type { IServiceAccount } from "kubernetes-models/v1";
import type { ICertificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1";
import { spiffeId } from "@kerf/call";
import type { ExportedProgram } from "../exported-programs.ts";
import { appLabels, clusterNames, labelsOf } from "./cluster-names.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { type Manifest, manifest } from "./manifest.ts";

/** Whether a program asks the API of the cluster where others are. Not beside an image of somebody else, whose program could read the token for it. */
export function asksCluster(
  { calls, foreign }: ExportedProgram,
  { discovery }: Pick<KubernetesOptions, "discovery">,
): boolean {
  return discovery === "endpointslices" && calls.length > 0 && foreign === undefined;
}

/** Who the pods of a program are to the cluster: somebody without any right, unless they look for others in its API. */
export function accountOf(
  program: ExportedProgram,
  options: KubernetesOptions,
  app: string,
): Manifest[] {
  const { namespace } = options;
  const metadata = { name: program.name, namespace, labels: labelsOf(program, app) };
  const account: IServiceAccount = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata,
    automountServiceAccountToken: false,
  };
  if (!asksCluster(program, options)) return [manifest(account)];
  const binding: IRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: clusterNames.discoverer },
    subjects: [{ kind: "ServiceAccount", name: program.name, namespace }],
  };
  return [manifest(account), manifest(binding)];
}

/** What programs that look for others may do. */
export function discovererRole({ namespace }: KubernetesOptions, app: string): Manifest {
  const role: IRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: clusterNames.discoverer, namespace, labels: appLabels(app) },
    rules: [
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
  };
  return manifest(role, [
    {
      at: ["rules"],
      text: "Where pods of this namespace listen, and nothing else. Slices have drawn names, so that a rule cannot name single ones.",
    },
  ]);
}

/** The certificate of a program by cert-manager, on the identity that others know it by. */
export function certificateOf(
  program: ExportedProgram,
  { certificates, environment, namespace }: KubernetesOptions,
  app: string,
): Manifest | undefined {
  if (typeof certificates === "string") return undefined;
  const certificate: ICertificate = {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: {
      name: program.name,
      namespace,
      labels: labelsOf(program, app),
    },
    spec: {
      secretName: clusterNames.certificate(program.name),
      issuerRef: { group: "cert-manager.io", kind: certificates.kind, name: certificates.issuer },
      uris: [spiffeId(environment, program.unit)],
      duration: "24h0m0s",
      renewBefore: "14h0m0s",
      privateKey: { algorithm: "ECDSA", size: 256, encoding: "PKCS8", rotationPolicy: "Always" },
      usages: ["digital signature", "client auth", "server auth"],
    },
  };
  return manifest(certificate, [
    {
      at: ["spec", "uris"],
      text: "Its only name (X.509-SVID): callers and callees check it against who may call whom.",
    },
    {
      at: ["spec", "renewBefore"],
      text: "Before half of its life: programs look for the next one then, and take it without a restart.",
    },
  ]);
}
