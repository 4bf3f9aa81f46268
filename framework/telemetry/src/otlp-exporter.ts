import { Agent, type IncomingMessage, request } from "node:http";
import { Agent as SecureAgent, request as requestSecurely } from "node:https";
import { type Clock, type Random, type Timer } from "@kerf/kernel";
import type { Logger } from "./logger.ts";
import { type EncodedSpans, OtlpEncoder, type Resource } from "./otlp-encoder.ts";
import { readFields } from "./protobuf.ts";
import type { SpanExporter } from "./recorder.ts";
import type { Span } from "./span.ts";

/** Batches that wait while one is sent. */
const maxWaiting = 4;
/** Longest time of one request, milliseconds (OTEL_EXPORTER_OTLP_TIMEOUT). */
const timeoutMs = 10_000;
/** Of one batch; with the pauses between them about 15 s, after which a Collector that restarts is back. */
const attempts = 5;
/** First pause, and what no pause is longer than, milliseconds. */
const pauseMs = 1_000;
const maxPauseMs = 30_000;
/** Of an answer only this much is looked at, bytes. */
const maxAnswerBytes = 65_536;
/** Statuses after which OTLP/HTTP sends the same batch again (https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes). */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What an exporter is made from. */
export interface OtlpExporterOptions {
  /** Where OTLP/HTTP is spoken, without `/v1/traces`: `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  readonly resource: Resource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Told of spans that will not arrive. */
  readonly lost: (spans: number) => void;
}

/** Spans on their way. */
interface Batch extends EncodedSpans {
  /** A request ended before all of it had left: the system may still read its buffers. */
  isHeld: boolean;
}

/** How one request ended: delivered, or why not. */
type Outcome =
  | "delivered"
  | { readonly why: string; readonly again: boolean; readonly afterMs?: number };

/**
 * Sends batches to whoever speaks OTLP/HTTP: a Collector, Jaeger, most backends. One at a time over one connection,
 * repeated while that can help, and given up with a line in the log: a backend that is away costs memory for four batches.
 */
export class OtlpExporter implements SpanExporter {
  readonly #options: OtlpExporterOptions;
  readonly #url: URL;
  readonly #encoder: OtlpEncoder;
  readonly #agent: Agent;
  readonly #waiting: Batch[] = [];
  #sending: Promise<void> | undefined;
  #stopped = false;
  /** Ends the pause before the next attempt. */
  #hurry: (() => void) | undefined;
  #abandon: (() => void) | undefined;

  constructor(options: OtlpExporterOptions) {
    this.#options = options;
    this.#url = new URL(`${options.endpoint.replace(/\/+$/, "")}/v1/traces`);
    this.#encoder = new OtlpEncoder(options.resource);
    const agent = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === "https:" ? new SecureAgent(agent) : new Agent(agent);
  }

  add(span: Span, epochMs: number): void {
    this.#encoder.add(span, epochMs);
  }

  send(): boolean {
    const encoded = this.#encoder.take();
    if (this.#stopped || this.#waiting.length >= maxWaiting) {
      encoded.giveBack();
      return false;
    }
    this.#waiting.push({ ...encoded, isHeld: false });
    this.#sending ??= this.#sendAll();
    return true;
  }

  async stop(ms: number): Promise<void> {
    this.#stopped = true;
    this.#hurry?.();
    const timer = this.#options.clock.after(ms, () => {
      const waiting = this.#waiting.splice(0).reduce((sum, one) => sum + one.spans, 0);
      if (waiting > 0) this.#options.lost(waiting);
      this.#abandon?.();
    });
    await this.#sending;
    timer.cancel();
    this.#agent.destroy();
  }

  async #sendAll(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      await this.#deliver(batch);
      if (!batch.isHeld) batch.giveBack();
    }
    this.#sending = undefined;
  }

  async #deliver(batch: Batch): Promise<void> {
    const { log, lost } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#post(batch);
      if (outcome === "delivered") return;
      // A program that stops has no time to wait for a backend that is away.
      if (outcome.again && attempt < attempts && !this.#stopped) {
        await this.#pause(attempt, outcome.afterMs);
        continue;
      }
      log.warn(`Traces could not be sent to ${this.#url.origin}: ${outcome.why}.`);
      lost(batch.spans);
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

  #post(batch: Batch): Promise<Outcome> {
    const { clock } = this.#options;
    const send = this.#url.protocol === "https:" ? requestSecurely : request;
    return new Promise((resolve) => {
      const over = (outcome: Outcome): void => {
        timer.cancel();
        this.#abandon = undefined;
        if (!sent.writableFinished) batch.isHeld = true;
        resolve(outcome);
      };
      const sent = send(this.#url, {
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
        this.#read(response, over);
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

  #read(response: IncomingMessage, over: (outcome: Outcome) => void): void {
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
        this.#sayRejected(Buffer.concat(pieces));
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

  /** A backend may take a batch in part (ExportTraceServiceResponse); what says nothing of that has taken it. */
  #sayRejected(answer: Buffer): void {
    const partial = readFields(answer)?.get(1);
    if (!(partial instanceof Uint8Array)) return;
    const fields = readFields(partial);
    const rejected = fields?.get(1);
    const why = fields?.get(2);
    if (typeof rejected !== "number" || !(rejected > 0)) return;
    this.#options.lost(rejected);
    this.#options.log.warn(`${this.#url.origin} took traces in part.`, {
      error: why instanceof Uint8Array ? Buffer.from(why).toString().slice(0, 200) : "",
    });
  }
}
