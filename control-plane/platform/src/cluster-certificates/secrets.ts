/** Where certificates and the authority's key are kept in a cluster: Secrets that are there already. */
export interface Secrets {
  /** Throws `not_found`, `forbidden` or `unavailable`. */
  read(name: string): Promise<KeptSecret>;
  /** Sets these keys of one, and leaves its others. Throws `conflict` when it is not what was read any more. */
  write(name: string, data: Readonly<Record<string, string>>, before: KeptSecret): Promise<void>;
}

/** A Secret as it was read. */
export interface KeptSecret {
  /** By which a change in between is noticed. */
  readonly version: string;
  /** Its texts by their keys. */
  readonly data: Readonly<Record<string, string>>;
}
