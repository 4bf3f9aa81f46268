import { type IncomingMessage, request } from "node:http";
import { type Clock, type ErrorShape, KerfError } from "@kerf/kernel";
import type { FoundLog, FoundSpan } from "../telemetry-store/query/answers.ts";

/** How long an answer may take, milliseconds: a search through days of a busy app. */
const boundMs = 20_000;
/** Largest answer, bytes: 10,000 spans with their attributes. */
const maxAnswerBytes = 64 * 1_048_576;

/** What to look for; times in milliseconds since 1970-01-01 UTC. */
export interface StoreSearch {
  readonly query: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit?: number | undefined;
}

/** What the store keeps in all. */
export interface Stored {
  readonly spans: number;
  readonly logs: number;
  readonly bytes: number;
  /** Since when, milliseconds since 1970-01-01 UTC. */
  readonly since?: number;
}

/** Asks the telemetry store at its socket. Throws `unavailable` when it is away, and what it says itself. */
export class StoreClient {
  readonly #socket: string;
  readonly #clock: Clock;

  constructor(socket: string, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  async trace(traceId: string): Promise<readonly FoundSpan[]> {
    const { spans } = await this.ask<{ spans: FoundSpan[] }>(`/trace/${traceId}`);
    return spans;
  }

  async logs(search: StoreSearch): Promise<readonly FoundLog[]> {
    const { logs } = await this.ask<{ logs: FoundLog[] }>(`/logs?${parameters(search)}`);
    return logs;
  }

  stored(withinMs?: number): Promise<Stored> {
    return this.ask<Stored>("/stored", withinMs);
  }

  /** The answer to a path of the store's own, as it is. */
  ask<Answer>(path: string, withinMs: number = boundMs): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const away = (cause: Error): void => reject(isAway(cause));
      const sent = request({ socketPath: this.#socket, path, agent: false }, (response) => {
        read(response).then(
          (body) => {
            try {
              resolve(answerIn(response.statusCode ?? 0, body) as Answer);
            } catch (thrown) {
              reject(thrown as Error);
            }
          },
          (cause: unknown) => away(cause as Error),
        );
      });
      const timer = this.#clock.after(withinMs, () =>
        sent.destroy(new Error(`it did not answer within ${withinMs / 1_000} s`)),
      );
      sent.on("error", away).on("close", () => timer.cancel());
      sent.end();
    });
  }
}

function parameters(search: StoreSearch): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

async function read(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxAnswerBytes)
      throw new Error(`its answer is larger than ${maxAnswerBytes / 1_048_576} MiB`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function answerIn(status: number, body: string): unknown {
  const answer = JSON.parse(body) as { error?: ErrorShape };
  if (status === 200) return answer;
  throw answer.error === undefined
    ? isAway(new Error(`it answers ${status}`))
    : KerfError.fromShape(answer.error);
}

function isAway(cause: Error): KerfError {
  return new KerfError("unavailable", {
    message: "The telemetry store does not answer.",
    why: cause.message,
    fix: "It is started again by itself within seconds: try again. If it stays away: kerf logs telemetry",
    cause,
  });
}
