import type { ExportOptions } from "../export-options.ts";

/** What is decided for an export to Kubernetes. */
export interface KubernetesOptions extends ExportOptions {
  readonly namespace: string;
  /** How programs find each other: by watching EndpointSlices, at once and with a right to read them, or by DNS, within seconds and without. */
  readonly discovery: "endpointslices" | "dns";
  /** Whose certificates programs prove themselves with: those of an Issuer of cert-manager, of an authority of the app's own, or none, inside of a mesh that does it. */
  readonly certificates:
    | { readonly issuer: string; readonly kind: "Issuer" | "ClusterIssuer" }
    | "kerf"
    | "mesh";
  /** Where the databases lie: servers whose URLs are in Secrets, or a cluster of CloudNativePG for each server. */
  readonly postgres: "url" | "cloudnative-pg";
  /** Where Secrets come from: somebody makes them, or External Secrets takes them from a store. */
  readonly secrets: "existing" | { readonly store: string };
  /** The Secret that nodes pull images with, of the type `kubernetes.io/dockerconfigjson`; somebody makes it. */
  readonly pullSecret?: string | undefined;
  /** The Gateway that requests come in by, `namespace/name`; without it gateways have a Service and no route. */
  readonly ingress?: string | undefined;
  /** Host names of gateways, by the gateway's name. */
  readonly domains?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Of gateways: another tag, beside the one that serves, and the share of requests that it gets (0 to 1). */
  readonly canary?:
    | Readonly<Record<string, { readonly tag: string; readonly share: number }>>
    | undefined;
  /** Where Prometheus is asked; with it units scale by events that wait and calls in flight (KEDA). */
  readonly prometheus?: string | undefined;
  /** TCP ports outside of the namespace that programs may reach beside databases, broker and telemetry, by program. */
  readonly egress?: Readonly<Record<string, readonly number[]>> | undefined;
}
