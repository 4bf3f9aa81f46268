import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import { keyBytes, type MasterKeys } from "./master-keys.ts";

/** What a sealed value is bound to: put anywhere else, it does not open. */
export interface Place {
  readonly environment: string;
  readonly service: string;
  readonly name: string;
  /** The version of the service's secrets that brought the value. */
  readonly version: number;
}

/** A value under a key of its own, and that key under the master key: AES-256-GCM both, base64url of nonce, text and tag. */
export interface Sealed {
  /** Version of the master key that wraps the key. */
  readonly master: number;
  readonly key: string;
  readonly value: string;
}

const algorithm = "aes-256-gcm";
/** Bytes: what GCM is made for; each key encrypts once (data keys), or a few thousand times at most (the master key), far below 2^32. */
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts a value for one place. The master key has the version `master`. */
export function seal(keys: MasterKeys, master: number, place: Place, value: string): Sealed {
  const dataKey = randomBytes(keyBytes);
  try {
    const text = encrypt(dataKey, Buffer.from(value, "utf8"), boundTo("value", place));
    return { master, key: wrap(keys, master, place, dataKey), value: text };
  } finally {
    dataKey.fill(0);
  }
}

/** The value. Throws `invalid_configuration` when it was sealed for another place, with another key, or changed since. */
export function open(keys: MasterKeys, place: Place, sealed: Sealed): string {
  const dataKey = unwrap(keys, place, sealed);
  try {
    return decrypt(dataKey, sealed.value, boundTo("value", place), place).toString("utf8");
  } finally {
    dataKey.fill(0);
  }
}

/** The same value with its key under another version of the master key; the value itself is not opened. */
export function rewrap(keys: MasterKeys, master: number, place: Place, sealed: Sealed): Sealed {
  const dataKey = unwrap(keys, place, sealed);
  try {
    return { master, key: wrap(keys, master, place, dataKey), value: sealed.value };
  } finally {
    dataKey.fill(0);
  }
}

function wrap(keys: MasterKeys, master: number, place: Place, dataKey: Buffer): string {
  const bound = boundTo("key", place, master);
  return keys.with(master, "secret keys", (key) => encrypt(key, dataKey, bound));
}

function unwrap(keys: MasterKeys, place: Place, { key: wrapped, master }: Sealed): Buffer {
  const bound = boundTo("key", place, master);
  return keys.with(master, "secret keys", (key) => decrypt(key, wrapped, bound, place));
}

function boundTo(what: string, place: Place, master = 0): Buffer {
  const { environment, service, name, version } = place;
  return Buffer.from(JSON.stringify(["kerf", what, environment, service, name, version, master]));
}

function encrypt(key: Buffer, plain: Buffer, bound: Buffer): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(bound);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64url");
}

function decrypt(key: Buffer, text: string, bound: Buffer, place: Place): Buffer {
  try {
    const bytes = Buffer.from(text, "base64url");
    const nonce = bytes.subarray(0, nonceBytes);
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(bound);
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([
      decipher.update(bytes.subarray(nonceBytes, -tagBytes)),
      decipher.final(),
    ]);
  } catch {
    throw new KerfError("invalid_configuration", {
      message: `The secret ${place.name} of ${place.service} cannot be read.`,
      why: "It was encrypted for another service, name, version or environment, with another master key, or was changed since.",
      fix: `Set it again: kerf secrets set ${place.service} ${place.name}`,
    });
  }
}
