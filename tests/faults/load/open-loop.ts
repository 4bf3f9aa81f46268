import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** What the load asks for: a read, a read through another service, and a change under a key of its own. */
export const kinds = ["query", "nested", "command"] as const;
export type Kind = (typeof kinds)[number];

/** Of every five requests three read, one reads through another service, and one changes something. */
const mix: readonly Kind[] = ["query", "nested", "query", "command", "query"];

/** One request, as its client saw it. */
export interface Sample {
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
export async function openLoop(
  url: string,
  rate: number,
  seconds: number,
  onSample: (sample: Sample) => void,
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
      const one = ask(pool, began, (sent * 1_000) / rate, mix[sent % mix.length] as Kind).then(
        (sample) => {
          underWay.delete(one);
          onSample(sample);
        },
      );
      underWay.add(one);
    }
    await sleep(tickMs);
  }
  await Promise.all(underWay);
  await pool.close();
}

async function ask(pool: Pool, began: number, at: number, kind: Kind): Promise<Sample> {
  const taken = (): number => performance.now() - began - at;
  try {
    const { statusCode, body } = await pool.request(requestOf(kind, at));
    const text = await body.text();
    const sample = { kind, at, ms: taken(), status: statusCode };
    return statusCode === 200 ? sample : { ...sample, error: text.slice(0, 300) };
  } catch (error) {
    return { kind, at, ms: taken(), status: 0, error: String(error) };
  }
}

function requestOf(kind: Kind, at: number) {
  const sku = `sku-${Math.round(at) % 97}`;
  switch (kind) {
    case "query":
      return { method: "GET", path: `/stock/${sku}` } as const;
    case "nested":
      return { method: "GET", path: `/quotes/${sku}` } as const;
    case "command":
      return {
        method: "POST",
        path: `/stock/${sku}/takings`,
        headers: { "content-type": "application/json", "idempotency-key": randomUUID() },
        body: "{}",
      } as const;
  }
}
