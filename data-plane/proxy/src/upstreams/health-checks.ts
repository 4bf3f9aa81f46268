import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { UpstreamHealth } from "@kerf/service";
import { ask } from "./http1/ask.ts";
import type { Instance } from "./instance.ts";
import type { TrafficParts } from "./upstream.ts";

const defaultTimeoutMs = 1_000;
const defaultIntervalMs = 5_000;
/** Most that an answer may say, bytes: only its status is of interest. */
const mostBytes = 65_536;

/** Asks an instance for its health. Rejects when it does not answer in time, or with something else than 200 up to 399. */
export async function askHealth(
  instance: Instance,
  health: UpstreamHealth,
  clock: Clock,
): Promise<void> {
  let size = 0;
  const { path: target } = health;
  const fields = ["user-agent", "kerf-health"];
  const asked = ask(
    instance.pool,
    { method: "GET", target, fields, body: null },
    {
      piece(bytes) {
        size += bytes.length;
        if (size > mostBytes) asked.abandon(new Error("Its answer is too long."));
      },
    },
  );
  const timer = clock.after(health.timeoutMs ?? defaultTimeoutMs, () =>
    asked.abandon(new Error("It did not answer in time.")),
  );
  try {
    const { status } = await asked.head;
    if (status >= 200 && status < 400) return;
    throw new KerfError("unavailable", `${instance.url}${health.path} answers ${status}.`);
  } finally {
    timer.cancel();
  }
}

/** Asks the instances of an upstream in turn whether they are well, each by its own clock, so that they are not all asked at once. */
export class HealthChecks {
  readonly #health: UpstreamHealth;
  #instances: readonly Instance[];
  readonly #parts: TrafficParts;
  readonly #onChange: (unwell: ReadonlySet<string>) => void;
  readonly #unwell = new Set<string>();
  readonly #timers = new Map<Instance, Timer>();
  #started = false;
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
    this.#started = true;
    const { intervalMs = defaultIntervalMs } = this.#health;
    for (const instance of this.#instances) {
      if (!this.#timers.has(instance))
        this.#later(instance, this.#parts.random.next() * intervalMs, 0);
    }
  }

  /** Asks these from now on; those that it asks already it goes on asking. */
  watch(instances: readonly Instance[]): void {
    this.#instances = instances;
    for (const [instance, timer] of this.#timers) {
      if (instances.includes(instance)) continue;
      timer.cancel();
      this.#timers.delete(instance);
      this.#unwell.delete(instance.url);
    }
    if (this.#started) this.start();
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
    // It left while it was asked.
    if (!this.#instances.includes(instance)) return;
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
