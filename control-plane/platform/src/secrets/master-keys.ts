import { hkdfSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { KerfError } from "@kerf/kernel";
import { writeJson } from "../state/json-file.ts";

/** Length of every key, bytes: AES-256, HMAC-SHA-256. */
export const keyBytes = 32;

/** The file as it lies on the disk: keys as base64url by their version, numbered from 1. */
interface MasterKeyFile {
  readonly current: number;
  readonly keys: Readonly<Record<string, string>>;
}

/**
 * The master keys of an environment: what wraps the keys that secrets are encrypted with. They lie outside of the data directory, so that a copy of that
 * opens nothing. Read from the disk each time that one is needed, and not kept.
 */
export class MasterKeys {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** The newest version; undefined before the first one is made. Throws `invalid_configuration` for a file that is no good. */
  get current(): number | undefined {
    return this.#read()?.current;
  }

  /** The newest version; makes the first one. */
  async ensure(): Promise<number> {
    const existing = this.#read();
    if (existing !== undefined) return existing.current;
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    await writeJson(this.file, { current: 1, keys: { 1: fresh() } } satisfies MasterKeyFile);
    return 1;
  }

  /** Makes a new version, the current one from now on; the ones before stay readable. */
  async add(): Promise<number> {
    const { current, keys } = this.#existing();
    const next = current + 1;
    await writeJson(this.file, { current: next, keys: { ...keys, [next]: fresh() } });
    return next;
  }

  /** Lets go of the versions that nothing uses any more; the current one stays. Answers which are gone. */
  async keepOnly(used: ReadonlySet<number>): Promise<number[]> {
    const { current, keys } = this.#existing();
    const versions = Object.keys(keys).map(Number);
    const gone = versions.filter((version) => version !== current && !used.has(version));
    if (gone.length === 0) return [];
    const kept = Object.entries(keys).filter(([version]) => !gone.includes(Number(version)));
    await writeJson(this.file, { current, keys: Object.fromEntries(kept) });
    return gone;
  }

  /** Gives a key for one purpose, derived from a version of the master key, to `use`, and wipes it afterwards. Throws `invalid_configuration`. */
  with<T>(version: number, purpose: string, use: (key: Buffer) => T): T {
    const text = this.#existing().keys[String(version)];
    if (text === undefined) {
      throw new KerfError("invalid_configuration", {
        message: `Version ${version} of the master key is not in ${this.file}.`,
        why: "What it wraps was written with another file of keys, or the key was removed.",
        fix: "Put the file back that it was written with (KERF_MASTER_KEY_FILE names it).",
      });
    }
    const master = Buffer.from(text, "base64url");
    const key = Buffer.from(hkdfSync("sha256", master, "", `kerf ${purpose}`, keyBytes));
    try {
      return use(key);
    } finally {
      master.fill(0);
      key.fill(0);
    }
  }

  #existing(): MasterKeyFile {
    const found = this.#read();
    if (found !== undefined) return found;
    throw new KerfError("invalid_configuration", {
      message: `The master key is missing: ${this.file}`,
      why: "Secrets were encrypted with it, and nothing else can read them.",
      fix: "Put the file back, or name it by KERF_MASTER_KEY_FILE. If it is lost, delete state/secrets in KERF_HOME and set the secrets again.",
    });
  }

  #read(): MasterKeyFile | undefined {
    let text: string;
    try {
      const { mode } = statSync(this.file);
      if ((mode & 0o077) !== 0)
        throw this.#broken("others than its owner can read it", `chmod 600 ${this.file}`);
      text = readFileSync(this.file, "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      if (cause instanceof KerfError) throw cause;
      throw this.#broken((cause as Error).message, "Give it to the user that runs Kerf.");
    }
    const found = parse(text);
    if (found !== undefined) return found;
    throw this.#broken("it holds no master keys", "Put the file back as it was.");
  }

  #broken(why: string, fix: string): KerfError {
    return new KerfError("invalid_configuration", {
      message: `The master key cannot be taken from ${this.file}.`,
      why: `${why[0]?.toUpperCase()}${why.slice(1)}.`,
      fix,
    });
  }
}

function fresh(): string {
  return randomBytes(keyBytes).toString("base64url");
}

function parse(text: string): MasterKeyFile | undefined {
  try {
    const { current, keys } = JSON.parse(text) as MasterKeyFile;
    const whole = Object.values(keys).every(
      (key) => Buffer.from(key, "base64url").length === keyBytes,
    );
    return whole && typeof keys[String(current)] === "string" ? { current, keys } : undefined;
  } catch {
    return undefined;
  }
}
