import type { JSONWebKeySet, CompactVerifyGetKey } from "jose";
import { createLocalJWKSet } from "jose";
import type { PublicKey } from "@kerf/call";

/** Finds the key that a token names by `kid`, `alg` and `kty`; a new one whenever the keys change. */
export type KeySet = CompactVerifyGetKey;

/** Where the public keys of an issuer come from. */
export interface KeySource {
  /** The keys as they are known now. @throws KerfError `unavailable` when none were ever had */
  current(): KeySet | Promise<KeySet>;
  /** Looks for newer keys because one is unknown, as often as the source allows. */
  renew?(): Promise<void>;
}

/** Keys of the placement. */
export class PlacedKeys implements KeySource {
  readonly #keys: () => readonly PublicKey[];
  #known: readonly PublicKey[] = [];
  #set: KeySet = createLocalJWKSet({ keys: [] });

  constructor(keys: () => readonly PublicKey[]) {
    this.#keys = keys;
  }

  current(): KeySet {
    const keys = this.#keys();
    if (keys === this.#known) return this.#set;
    const changed = JSON.stringify(keys) !== JSON.stringify(this.#known);
    this.#known = keys;
    if (changed) this.#set = createLocalJWKSet({ keys } as unknown as JSONWebKeySet);
    return this.#set;
  }
}
