import type { Agent, IncomingMessage, request, RequestOptions } from "node:http";
import { type Clock, type Random, type Timer } from "@kerf/kernel";
import type { Logger } from "./logger.ts";
import { readFields } from "./protobuf.ts";

/** Batches of one kind that wait while one is sent. */
const maxWaiting = 4;
/** Longest time of one request, milliseconds (OTEL_EXPORTER_OTLP_TIMEOUT). */
const timeoutMs = 10_000;
/** Of one batch; with the pauses between them about 15 s, after which a Collector that restarts is back. */
const attempts = 5;
/** First pause, and what no pause is longer than, milliseconds. */
const pauseMs = 1_000;
const maxPauseMs = 30_000;
/** Between two log lines about the same, milliseconds. */
const sayMs = 60_000;
/** Of an answer only this much is looked at, bytes. */
const maxAnswerBytes = 65_536;
/** Statuses after which OTLP/HTTP sends the same batch again (https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes). */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What a batch is of. */
export type Signal = "traces" | "metrics";

/** A batch on its way to one destination. */
export interface Delivery {
  readonly signal: Signal;
  /** How many spans or series it holds. */
  readonly items: number;
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  /** It has arrived or was given up. `isHeld`: a request ended before all of it had left, so that the system may still read its bytes. */
  readonly done: (isHeld: boolean) => void;
}

/** What a destination is made from. */
export interface OtlpDestinationOptions {
  /** Where OTLP/HTTP is spoken, without `/v1/…`: `http://127.0.0.1:4318`, or `unix:/path` of a socket. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Told of spans or series that will not arrive. */
  readonly lost: (signal: Signal, items: number) => void;
}

/** How one request ended: delivered, or why not. */
type Outcome =
  | "delivered"
  | { readonly why: string; readonly again: boolean; readonly afterMs?: number };

interface Waiting extends Delivery {
  isHeld: boolean;
}

/**
 * One place that telemetry is sent to: a Collector, Jaeger, most backends, the platform's own store. One batch at a time over one
 * connection, repeated while that can help, and given up with a line in the log: one that is away costs memory for a few batches.
 */
export class OtlpDestination {
  readonly #options: OtlpDestinationOptions;
  /** For people. */
  readonly #name: string;
  readonly #target: (signal: Signal) => RequestOptions;
  readonly #send: typeof request;
  readonly #agent: Agent;
  readonly #waiting: Waiting[] = [];
  readonly #saidAt = new Map<string, number>();
  #sending: Promise<void> | undefined;
  #stopped = false;
  /** Ends the pause before the next attempt. */
  #hurry: (() => void) | undefined;
  #abandon: (() => void) | undefined;

  constructor(options: OtlpDestinationOptions) {
    this.#options = options;
    const endpoint = options.endpoint.replace(/\/+$/, "");
    const agent = { keepAlive: true, maxSockets: 1 };
    const socketPath = /^unix:(.+)$/.exec(endpoint)?.[1];
    const isSecure = endpoint.startsWith("https:");
    // Not imported: an import of `node:http` reads every export, and one of them loads undici, 16 MB and a tenth of a program's start (Node 26).
    const client = process.getBuiltinModule(isSecure ? "node:https" : "node:http");
    this.#agent = new client.Agent(agent);
    this.#send = client.request;
    if (socketPath === undefined) {
      const { hostname, origin, pathname, port } = new URL(endpoint);
      const host = hostname.replace(/^\[(.*)\]$/, "$1");
      const base = pathname.replace(/\/+$/, "");
      this.#name = origin;
      this.#target = (signal) => ({ host, port, path: `${base}/v1/${signal}` });
    } else {
      this.#name = endpoint;
      this.#target = (signal) => ({ socketPath, path: `/v1/${signal}` });
    }
  }

  /** Takes a batch to deliver; false when it has no room for it, or was stopped. */
  offer(delivery: Delivery): boolean {
    const { signal } = delivery;
    const before = this.#waiting.filter((each) => each.signal === signal).length;
    if (this.#stopped || before >= maxWaiting) return false;
    this.#waiting.push({ ...delivery, isHeld: false });
    this.#sending ??= this.#sendAll();
    return true;
  }

  /** Delivers what is under way, within `ms` milliseconds. */
  async stop(ms: number): Promise<void> {
    this.#stopped = true;
    this.#hurry?.();
    const timer = this.#options.clock.after(ms, () => {
      for (const { done, items, signal } of this.#waiting.splice(0)) {
        this.#options.lost(signal, items);
        done(false);
      }
      this.#abandon?.();
    });
    await this.#sending;
    timer.cancel();
    this.#agent.destroy();
  }

  async #sendAll(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      await this.#deliver(batch);
      batch.done(batch.isHeld);
    }
    this.#sending = undefined;
  }

  async #deliver(batch: Waiting): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#post(batch);
      if (outcome === "delivered") return;
      // A program that stops has no time to wait for a backend that is away.
      if (outcome.again && attempt < attempts && !this.#stopped) {
        await this.#pause(attempt, outcome.afterMs);
        continue;
      }
      const { items, signal } = batch;
      this.#say(`${capital(signal)} could not be sent to ${this.#name}`, `: ${outcome.why}.`);
      this.#options.lost(signal, items);
      return;
    }
  }

  #pause(attempt: number, afterMs: number | undefined): Promise<void> {
    const { clock, random } = this.#options;
    // Full jitter, but never sooner than half: programs that lost the same Collector do not all come back at once.
    const ms = pauseMs * 2 ** (attempt - 1) * (0.5 + random.next());
    return new Promise((resolve) => {
      const over = (): void => {
        timer.cancel();
        this.#hurry = undefined;
        resolve();
      };
      const timer: Timer = clock.after(Math.min(maxPauseMs, Math.max(ms, afterMs ?? 0)), over);
      this.#hurry = over;
    });
  }

  #post(batch: Waiting): Promise<Outcome> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const over = (outcome: Outcome): void => {
        timer.cancel();
        this.#abandon = undefined;
        if (!sent.writableFinished) batch.isHeld = true;
        resolve(outcome);
      };
      const sent = this.#send({
        ...this.#target(batch.signal),
        method: "POST",
        agent: this.#agent,
        headers: { "content-type": "application/x-protobuf", "content-length": batch.bytes },
      });
      const timer = clock.after(timeoutMs, () =>
        sent.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)),
      );
      this.#abandon = () => sent.destroy(new Error("the program stopped"));
      let isTaken = false;
      sent.on("response", (response) => {
        const { statusCode: status = 0 } = response;
        isTaken = status >= 200 && status < 300;
        this.#read(response, batch.signal, over);
      });
      // Who says that it has taken a batch must not get it again, whatever becomes of the rest of the answer.
      sent.on("error", (error) =>
        over(isTaken ? "delivered" : { why: error.message, again: true }),
      );
      sent.cork();
      for (const piece of batch.pieces) sent.write(piece);
      sent.end();
    });
  }

  #read(response: IncomingMessage, signal: Signal, over: (outcome: Outcome) => void): void {
    const status = response.statusCode ?? 0;
    const pieces: Buffer[] = [];
    let bytes = 0;
    response.on("data", (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= maxAnswerBytes) pieces.push(piece);
    });
    const isTaken = status >= 200 && status < 300;
    response.on("error", (error) =>
      over(isTaken ? "delivered" : { why: error.message, again: true }),
    );
    response.on("end", () => {
      if (isTaken) {
        this.#sayRejected(Buffer.concat(pieces), signal);
        over("delivered");
        return;
      }
      const seconds = Number(response.headers["retry-after"]);
      over({
        why: `it answers ${status}`,
        again: retryable.has(status),
        ...(Number.isFinite(seconds) ? { afterMs: seconds * 1_000 } : undefined),
      });
    });
  }

  /** A backend may take a batch in part (Export…ServiceResponse); what says nothing of that has taken it. */
  #sayRejected(answer: Buffer, signal: Signal): void {
    const partial = readFields(answer)?.get(1);
    if (!(partial instanceof Uint8Array)) return;
    const fields = readFields(partial);
    const rejected = fields?.get(1);
    const why = fields?.get(2);
    if (typeof rejected !== "number" || !(rejected > 0)) return;
    this.#options.lost(signal, rejected);
    const text = why instanceof Uint8Array ? Buffer.from(why).toString().slice(0, 200) : "";
    this.#say(`${this.#name} took ${signal} in part`, ".", { error: text });
  }

  /** Once a minute, however often it happens. */
  #say(what: string, why: string, fields?: Readonly<Record<string, string>>): void {
    const now = this.#options.clock.now();
    if (now - (this.#saidAt.get(what) ?? Number.NEGATIVE_INFINITY) < sayMs) return;
    this.#saidAt.set(what, now);
    this.#options.log.warn(`${what}${why}`, fields);
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
