import { request } from "node:http";
import { type Clock, randomHex, type Timer, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { LogSource } from "../api/logs.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import { logRecord, type LogRecord, logsRequest } from "./log-record.ts";
import { type LogPosition, readOn } from "./log-tail.ts";
import type { StoreClient } from "./store-client.ts";

/** How often logs are looked at, milliseconds: what a request wrote is found about a second later. */
const everyMs = 500;
/** Of one log at a time, bytes; of all logs together what a batch holds, beyond which the others wait for the next one: the store takes 16 MiB. */
const pieceBytes = 262_144;
const batchBytes = 2_097_152;
/** Longest time of one request, milliseconds. */
const timeoutMs = 10_000;
/** The attribute by which a batch is found again. */
const mark = "kerf.batch";

type Positions = Readonly<Record<string, LogPosition>>;

/** How far logs were read when a batch was made, and how far they are with it; nobody needs to know whether it arrived before they ask. */
interface Shipped {
  readonly before: Positions;
  readonly after: Positions;
  /** The batch, and the time of its first line, milliseconds since 1970-01-01 UTC. */
  readonly batch: string;
  readonly at: number;
}

/** What it works on. */
export interface LogShipperOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where it keeps how far it is. */
  readonly file: string;
  readonly client: Pick<StoreClient, "logs">;
  /** The socket at which OTLP over HTTP is taken; undefined while nobody takes it. */
  readonly socket: () => string | undefined;
  readonly sources: () => readonly LogSource[];
}

/**
 * Takes what programs write into their logs to the telemetry store, each line once: a batch is marked, and of one whose arrival is not certain the store
 * is asked. Behind by no more than the files that rotation keeps; it holds one batch in memory.
 */
export class LogShipper {
  readonly #options: LogShipperOptions;
  #positions: Positions | undefined;
  #timer: Timer | undefined;
  #stopped = false;
  #round: Promise<void> = Promise.resolve();

  constructor(options: LogShipperOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(everyMs, () => {
      this.#round = this.ship()
        // What cannot be read or written now is tried again: nothing was taken for shipped.
        .catch((error: unknown) => this.#options.log.debug("logs were not shipped", { error }))
        .then(() => this.start());
    });
  }

  /** Ships what was written until now, and no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#round;
    await this.ship().catch(() => {});
  }

  /** Ships what was written until now, a batch after the other. Not twice at the same time. */
  async ship(): Promise<void> {
    const { file, socket } = this.#options;
    while (socket() !== undefined) {
      this.#positions ??= await this.#resume();
      const before = this.#positions;
      const { after, records } = await this.#gather(before);
      const [first] = records;
      if (first === undefined) return;
      const batch = randomHex(8);
      const shipped: Shipped = { before, after, batch, at: first.at };
      await writeJson(file, shipped, { flush: false });
      // Unless it arrives for certain, the store is asked next time.
      this.#positions = undefined;
      if (!(await this.#post(logsRequest(records, { [mark]: batch })))) return;
      this.#positions = after;
      if (this.#stopped) return;
    }
  }

  async #resume(): Promise<Positions> {
    const last = readJson<Shipped>(this.#options.file);
    if (last === undefined) return {};
    const { after, at, batch, before } = last;
    const found = await this.#options.client.logs({
      query: `@${mark}:${batch}`,
      from: Math.floor(at) - 1,
      to: Math.ceil(at) + 1,
      limit: 1,
    });
    return found.length > 0 ? after : before;
  }

  async #gather(before: Positions): Promise<{ after: Positions; records: LogRecord[] }> {
    const { clock, sources } = this.#options;
    const after: Record<string, LogPosition> = {};
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const source of sources()) {
      const { file } = source;
      const from = before[file];
      if (from !== undefined) after[file] = from;
      if (bytes >= batchBytes) continue;
      const piece = await readOn(file, from, pieceBytes);
      if (piece === undefined) continue;
      after[file] = piece.next;
      bytes += piece.lines.reduce((sum, line) => sum + line.length, 0);
      records.push(...piece.lines.map((line) => logRecord(line, source, clock)));
    }
    // Stable: lines of one log stay in their order.
    records.sort((one, other) => one.at - other.at);
    // Logs that are gone are forgotten.
    return { after, records };
  }

  /** Whether it was taken for certain. What nobody will ever take counts as taken: it must not keep the rest. */
  #post(body: string): Promise<boolean> {
    const { clock, log, socket } = this.#options;
    const socketPath = socket();
    if (socketPath === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      const sent = request({
        socketPath,
        path: "/v1/logs",
        method: "POST",
        agent: false,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      });
      const timer = clock.after(timeoutMs, () => sent.destroy(new Error("no answer")));
      sent.on("response", (response) => {
        const { statusCode: status = 0 } = response;
        response.resume();
        const isRefused = status >= 400 && status < 500 && status !== 429;
        if (isRefused) log.warn("the telemetry store refuses lines of logs", { status });
        resolve(status === 200 || isRefused);
      });
      sent.on("error", (error) => {
        log.debug("the telemetry store cannot be reached", { error: toKerfError(error) });
        resolve(false);
      });
      sent.on("close", () => timer.cancel());
      sent.end(body);
    });
  }
}
