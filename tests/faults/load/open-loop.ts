import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** A request that is due, and what it is called in the figures. */
export interface Due<Kind extends string> {
  readonly kind: Kind;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Which request is sent: the `n`-th, from 0, due at `at` milliseconds. */
export type RequestAt<Kind extends string> = (n: number, at: number) => Due<Kind>;

/** One request, as its client saw it. */
export interface Sample<Kind extends string = string> {
  readonly kind: Kind;
  /** When it was due, milliseconds from the start of the load. */
  readonly at: number;
  /** From when it was due until its answer was there, milliseconds. */
  readonly ms: number;
  /** HTTP status; 0 when there was none. */
  readonly status: number;
  /** What was said of a failure. */
  readonly error?: string;
}

/** Connections to the gateway: more than any fault should have under way. */
const connections = 512;
/** Longest wait for an answer, milliseconds: the deadline of a call is 15 s. */
const patienceMs = 20_000;
/** How often the load looks what is due, milliseconds. */
const tickMs = 2;

/**
 * Sends `rate` requests a second for `seconds`, each at its time whatever became of those before, so that nothing slow hides what would have
 * come after it. Resolves when the last one has its answer. `onSample` sees each as it ends; `signal` ends the sending early.
 */
export async function openLoop<Kind extends string>(
  url: string,
  rate: number,
  seconds: number,
  requestAt: RequestAt<Kind>,
  onSample: (sample: Sample<Kind>) => void,
  signal: AbortSignal,
): Promise<void> {
  const pool = new Pool(url, {
    connections,
    pipelining: 1,
    headersTimeout: patienceMs,
    bodyTimeout: patienceMs,
  });
  const began = performance.now();
  const total = Math.round(rate * seconds);
  const underWay = new Set<Promise<void>>();
  for (let sent = 0; sent < total && !signal.aborted;) {
    const due = Math.min(total, ((performance.now() - began) * rate) / 1_000);
    for (; sent < due; sent++) {
      const at = (sent * 1_000) / rate;
      const one = ask(pool, began, at, requestAt(sent, at)).then((sample) => {
        underWay.delete(one);
        onSample(sample);
      });
      underWay.add(one);
    }
    await sleep(tickMs);
  }
  await Promise.all(underWay);
  await pool.close();
}

async function ask<Kind extends string>(
  pool: Pool,
  began: number,
  at: number,
  { kind, ...request }: Due<Kind>,
): Promise<Sample<Kind>> {
  const taken = (): number => performance.now() - began - at;
  try {
    const { statusCode, body } = await pool.request(request);
    const text = await body.text();
    const sample = { kind, at, ms: taken(), status: statusCode };
    return statusCode === 200 ? sample : { ...sample, error: text.slice(0, 300) };
  } catch (error) {
    return { kind, at, ms: taken(), status: 0, error: String(error) };
  }
}
