import type { PlacedInstance } from "../placement.ts";
import { formatAddress } from "../transports/framed/address.ts";

/** What is used of an EndpointSlice of `discovery.k8s.io/v1`. */
export interface EndpointSlice {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly addressType?: string;
  readonly ports?:
    | readonly { readonly name?: string | null; readonly port?: number | null }[]
    | null;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean | null };
        readonly targetRef?: { readonly name?: string };
      }[]
    | null;
}

/** The Service of Kubernetes behind a service, and its port by name or number. */
export interface KubernetesService {
  readonly name: string;
  readonly port: string | number;
}

/** The label that says whose slice it is. */
export const serviceLabel = "kubernetes.io/service-name";

/** The ready instances of a service in all of its slices. One that moves from slice to slice is in two for a moment, and counts once. */
export function instancesIn(
  slices: Iterable<EndpointSlice>,
  { name, port }: KubernetesService,
): PlacedInstance[] {
  const instances = new Map<string, PlacedInstance>();
  for (const slice of slices) {
    if (slice.metadata.labels?.[serviceLabel] !== name || slice.addressType === "FQDN") continue;
    const found = slice.ports?.find((one) => one.name === port || one.port === port)?.port;
    if (found === undefined || found === null) continue;
    for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
      const [host] = addresses;
      // Absent means ready, as Kubernetes says.
      if (host === undefined || conditions?.ready === false) continue;
      const address = formatAddress({ kind: "tcp", host, port: found });
      instances.set(address, { id: targetRef?.name ?? address, address, state: "ready" });
    }
  }
  return [...instances.values()];
}
