import { type BigIntStats, readFileSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { isReadableByOthers } from "../tls/readable-by-others.ts";

/** How long what was read is good for without looking whether the file is another one, milliseconds. */
const lookMs = 1_000;
/** Largest file, bytes: some 30 000 API keys. */
const maxBytes = 16_777_216;
/** The version of a file that was never there. */
const none = "";

/** What a watched file is read with. */
export interface WatchedFileOptions<T> {
  /** Absolute. */
  readonly path: string;
  /** What the file holds, for messages: "the API keys". */
  readonly what: string;
  /** True when nobody but its owner may read it. */
  readonly secret: boolean;
  /** @throws Error that says what is wrong with the text */
  readonly parse: (text: string) => T;
  /** What counts until there is a file for the first time; without it there must be one. */
  readonly absent?: T;
  /** What to do when there is no such file. */
  readonly fix: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A file that people change while a gateway runs: read again when it is another one, at most a second later; a bad one leaves the last good. */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #value: T;
  #version: string;
  #lookAt: number;
  #looking: Promise<void> | undefined;

  /** @throws KerfError `invalid_configuration`: at the start there is no last good one */
  constructor(options: WatchedFileOptions<T>) {
    this.#options = options;
    const { absent, path, what, fix } = options;
    try {
      const info = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (info === undefined && absent === undefined) throw new Error("There is no such file.");
      if (info === undefined) options.log.warn(`there is no file with ${what} yet`, { file: path });
      this.#value = info === undefined ? (absent as T) : this.#read(info);
      this.#version = info === undefined ? none : versionOf(info);
    } catch (cause) {
      throw new KerfError("invalid_configuration", {
        message: `${path} with ${what} cannot be used.`,
        why: (cause as Error).message,
        fix,
        cause,
      });
    }
    this.#lookAt = options.clock.now() + lookMs;
  }

  /** What the file says. */
  current(): T | Promise<T> {
    if (this.#options.clock.now() < this.#lookAt) return this.#value;
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking.then(() => this.#value);
  }

  /** What the file says, for those who cannot wait for a disk. */
  currentNow(): T {
    if (this.#options.clock.now() >= this.#lookAt)
      this.#take(() => statSync(this.#options.path, { bigint: true }));
    return this.#value;
  }

  async #look(): Promise<void> {
    const info = await stat(this.#options.path, { bigint: true }).catch((error: unknown) => error);
    this.#take(() => {
      if (info instanceof Error) throw info;
      return info as BigIntStats;
    });
  }

  #take(look: () => BigIntStats): void {
    const { clock, log, path, what } = this.#options;
    try {
      const info = look();
      const version = versionOf(info);
      if (version !== this.#version) {
        this.#version = version;
        this.#value = this.#read(info);
        log.info(`${what} were read again`, { file: path });
      }
    } catch (error) {
      if (this.#version !== none || (error as NodeJS.ErrnoException).code !== "ENOENT")
        log.warn(`${what} cannot be read again; the last good ones stay`, { file: path, error });
    }
    this.#lookAt = clock.now() + lookMs;
  }

  #read(info: BigIntStats): T {
    const { parse, path, secret } = this.#options;
    if (!info.isFile()) throw new Error("It is no file.");
    if (info.size > maxBytes) throw new Error(`It is larger than ${maxBytes} bytes.`);
    if (secret && isReadableByOthers(info))
      throw new Error("Others than its owner can read it: chmod 600");
    return parse(readFileSync(path, "utf8"));
  }
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
