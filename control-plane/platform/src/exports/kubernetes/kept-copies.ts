import { type ClusterApi, fieldManager } from "./cluster-api.ts";
import type { KubernetesObject } from "./manifest.ts";

/** In whose name the number stays until an autoscaler writes its own. */
const keeper = "kerf-copies";

interface Deployed {
  readonly metadata: {
    readonly managedFields?: readonly {
      readonly manager?: string;
      readonly fieldsV1?: { readonly "f:spec"?: { readonly "f:replicas"?: object } };
    }[];
  };
  readonly spec: { readonly replicas: number };
}

/**
 * Keeps the number of copies of a Deployment whose autoscaler decides it from now on. Left out of what is applied, a number that was ours would be gone, and one copy would be left until
 * the autoscaler looks.
 */
export async function keepCopies(api: ClusterApi, object: KubernetesObject): Promise<void> {
  const { apiVersion, kind, metadata, spec } = object as KubernetesObject & {
    readonly spec?: { readonly replicas?: number };
  };
  if (kind !== "Deployment" || spec?.replicas !== undefined) return;
  const before = await api.read<Deployed>(object);
  const isOurs = before?.metadata.managedFields?.some(
    ({ fieldsV1, manager }) =>
      manager === fieldManager && fieldsV1?.["f:spec"]?.["f:replicas"] !== undefined,
  );
  if (before === undefined || isOurs !== true) return;
  const { name, namespace = "default" } = metadata;
  const { replicas } = before.spec;
  const kept = { apiVersion, kind, metadata: { name, namespace }, spec: { replicas } };
  await api.apply(kept as KubernetesObject, { manager: keeper });
}
