import type { KeySet, KeySource } from "./key-source.ts";
import type { PublicKeys } from "./public-keys.ts";
import type { WatchedFile } from "./watched-file.ts";

/** Keys of an issuer in a file. */
export class FileKeys implements KeySource {
  readonly #file: WatchedFile<PublicKeys>;

  constructor(file: WatchedFile<PublicKeys>) {
    this.#file = file;
  }

  current(): KeySet | Promise<KeySet> {
    const keys = this.#file.current();
    return keys instanceof Promise ? keys.then(({ set }) => set) : keys.set;
  }
}
