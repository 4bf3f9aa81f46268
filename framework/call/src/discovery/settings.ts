/** Where instances are found while programs run; the last that were found stay while there is no answer. One of its four ways. */
export interface DiscoverySettings {
  /** Every address of a host, all on one port. Asked for again when its TTL is over, between 5 s and 60 s. */
  readonly dns?: { readonly host: string; readonly port: number };
  /** The records of a service, `_http._tcp.legacy.internal`, by priority and weight. */
  readonly srv?: string;
  /** The ready endpoints of a Service of Kubernetes. Its port by name or number. */
  readonly kubernetes?: {
    readonly namespace: string;
    readonly service: string;
    readonly port: string | number;
    /** How its API is reached. Default: as in a pod, with the pod's service account. */
    readonly api?: {
      readonly server: string;
      readonly tokenFile?: string;
      readonly caFile?: string;
    };
  };
  /** Of `dns` and `srv`: name servers as `host:port`. Default: the machine's. */
  readonly servers?: readonly string[];
  /** As they are: `host:port` of each. */
  readonly addresses?: readonly string[];
}
