import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { UpstreamHealth } from "@kerf/service";
import type { Instance } from "./instance.ts";
import type { TrafficParts } from "./upstream.ts";

const defaultTimeoutMs = 1_000;
const defaultIntervalMs = 5_000;

/** Asks an instance for its health. Rejects when it does not answer in time, or with something else than 200 up to 399. */
export async function askHealth(
  instance: Instance,
  health: UpstreamHealth,
  clock: Clock,
): Promise<void> {
  const gaveUp = new AbortController();
  const timer = clock.after(health.timeoutMs ?? defaultTimeoutMs, () => gaveUp.abort());
  try {
    const { statusCode, body } = await instance.pool.request({
      method: "GET",
      path: health.path,
      headers: { "user-agent": "kerf-health" },
      signal: gaveUp.signal,
    });
    await body.dump({ limit: 65_536, signal: gaveUp.signal });
    if (statusCode >= 200 && statusCode < 400) return;
    throw new KerfError("unavailable", `${instance.url}${health.path} answers ${statusCode}.`);
  } finally {
    timer.cancel();
  }
}

/** Asks the instances of an upstream in turn whether they are well, each by its own clock, so that they are not all asked at once. */
export class HealthChecks {
  readonly #health: UpstreamHealth;
  readonly #instances: readonly Instance[];
  readonly #parts: TrafficParts;
  readonly #onChange: (unwell: ReadonlySet<string>) => void;
  readonly #unwell = new Set<string>();
  readonly #timers = new Map<Instance, Timer>();
  #stopped = false;

  /** @param onChange told the urls of those that are not well, after each change */
  constructor(
    health: UpstreamHealth,
    instances: readonly Instance[],
    parts: TrafficParts,
    onChange: (unwell: ReadonlySet<string>) => void,
  ) {
    this.#health = health;
    this.#instances = instances;
    this.#parts = parts;
    this.#onChange = onChange;
  }

  /** Idempotent. */
  start(): void {
    const { intervalMs = defaultIntervalMs } = this.#health;
    for (const instance of this.#instances) {
      if (!this.#timers.has(instance))
        this.#later(instance, this.#parts.random.next() * intervalMs, 0);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  /** @param inARow answers in a row that contradict what it is taken for */
  #later(instance: Instance, ms: number, inARow: number): void {
    if (this.#stopped) return;
    this.#timers.set(
      instance,
      this.#parts.clock.after(ms, () => void this.#ask(instance, inARow)), // Never rejects.
    );
  }

  async #ask(instance: Instance, before: number): Promise<void> {
    const { intervalMs = defaultIntervalMs, unhealthyAfter = 3, healthyAfter = 2 } = this.#health;
    const well = await askHealth(instance, this.#health, this.#parts.clock).then(
      () => true,
      () => false,
    );
    const isUnwell = this.#unwell.has(instance.url);
    let inARow = well === isUnwell ? before + 1 : 0;
    if (inARow >= (isUnwell ? healthyAfter : unhealthyAfter)) {
      inARow = 0;
      if (isUnwell) this.#unwell.delete(instance.url);
      else this.#unwell.add(instance.url);
      if (!this.#stopped) this.#onChange(new Set(this.#unwell));
    }
    this.#later(instance, intervalMs, inARow);
  }
}
