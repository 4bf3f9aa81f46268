import { type Clock, randomHex } from "@kerf/kernel";
import type { AuditEntry } from "@kerf/control-api";
import type { AppManifest } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { StoreClient } from "../telemetry/store-client.ts";
import { storeOf } from "../telemetry/telemetry-operations.ts";
import type { AlertFile, KeptAlert } from "./alert-file.ts";
import { alertText } from "./alert-text.ts";
import { alertWindows, windowTimes } from "./alert-windows.ts";
import { type AskStore, CallHistory } from "./call-history.ts";
import { evidenceOf, type EvidenceSources } from "./evidence.ts";
import { type Judging, leastFailures } from "./judge.ts";
import { keyOf } from "./objective.ts";
import { objectivesOf, type OwnedObjective } from "./objectives-of.ts";
import { type Standing, standingOf } from "./standing.ts";

/** What objectives are judged by. */
export interface ObjectiveJudgeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Throws `not_ready` while the app is being read. */
  manifest(): AppManifest;
  /** Undefined where the app does without a store. */
  store(): StoreClient | undefined;
  changes(): readonly AuditEntry[];
  unitOf(service: string): string | undefined;
}

/**
 * Judges objectives by what the telemetry store has, and keeps which of them are missed as alerts. Nothing is judged while the store is away: no data
 * is no failure, and no end of one either.
 */
export class ObjectiveJudge {
  readonly #options: ObjectiveJudgeOptions;
  readonly #file: AlertFile;
  /** By the windows that it was made for. */
  #history: { readonly of: string; readonly calls: CallHistory } | undefined;
  /** Since when an objective is met that was missed, by alert. */
  readonly #calmSince = new Map<string, number>();
  #judgedAt: number | undefined;

  constructor(options: ObjectiveJudgeOptions, file: AlertFile) {
    this.#options = options;
    this.#file = file;
  }

  /** When objectives were judged last, milliseconds since 1970-01-01 UTC. */
  get judgedAt(): number | undefined {
    return this.#judgedAt;
  }

  get objectives(): OwnedObjective[] {
    return objectivesOf(this.#options.manifest());
  }

  /** By what objectives are judged, and the calls that they are judged by. */
  get judging(): Judging & { readonly calls: CallHistory } {
    const { alerts } = this.#options.manifest();
    const windows = alerts?.windows ?? alertWindows;
    const of = JSON.stringify(windows);
    if (this.#history?.of !== of) {
      const ask: AskStore = (path) => this.#store().ask(path);
      this.#history = { of, calls: new CallHistory(ask, windowTimes(windows)) };
    }
    return {
      windows,
      leastFailures: alerts?.leastFailures ?? leastFailures,
      calls: this.#history.calls,
    };
  }

  /** How often is judged, and when it is over; as the app has it, once it is read. */
  get times(): ReturnType<typeof windowTimes> {
    try {
      return windowTimes(this.#options.manifest().alerts?.windows ?? alertWindows);
    } catch {
      return windowTimes(alertWindows);
    }
  }

  /** Looks once at every objective. Rejects when the store cannot be asked. */
  async judge(): Promise<void> {
    this.#store();
    const { clock } = this.#options;
    const { objectives } = this;
    const { calls, ...judging } = this.judging;
    await calls.read(objectives, clock.wall());
    const now = clock.wall();
    const firing = new Map(
      this.#file.state.alerts
        .filter(({ resolvedAt }) => resolvedAt === undefined)
        .map((alert) => [keyOf(alert), alert]),
    );
    for (const objective of objectives) {
      const alert = firing.get(keyOf(objective));
      firing.delete(keyOf(objective));
      const standing = standingOf(objective, calls, now, judging);
      if (alert !== undefined) await this.#lookAgain(alert, objective, standing, now);
      else if (standing.missed !== undefined) await this.#begin(objective, standing.missed, now);
    }
    for (const alert of firing.values()) await this.#end(alert, "unpromised", now);
    this.#judgedAt = now;
  }

  async #begin(
    objective: OwnedObjective,
    missed: NonNullable<Standing["missed"]>,
    now: number,
  ): Promise<void> {
    const { log } = this.#options;
    const { view, windows } = missed;
    const sentence = alertText(missed);
    const evidence = await evidenceOf(
      objective,
      { from: now - windows.longMs, now },
      this.#evidenceSources,
    );
    const alert: KeptAlert = {
      id: `a-${randomHex(4)}`,
      ...objective,
      view,
      windows,
      sentence,
      since: new Date(now).toISOString(),
      sentTo: [],
      told: [],
      ...evidence,
    };
    await this.#file.change((state) => ({ ...state, alerts: [...state.alerts, alert] }));
    log.warn(sentence, { alert: alert.id, owner: objective.owner });
  }

  /** It is over once its objective has been met for as long as the shortest window: whoever is told once is not told back and forth. */
  async #lookAgain(
    alert: KeptAlert,
    objective: OwnedObjective,
    { isCalled, missed }: Standing,
    now: number,
  ): Promise<void> {
    if (missed !== undefined) {
      this.#calmSince.delete(alert.id);
      // Spans come by another way than what is counted, and may be later.
      if (alert.traces.length === 0) await this.#findTraces(alert, objective, now);
      return;
    }
    const since = this.#calmSince.get(alert.id) ?? now;
    this.#calmSince.set(alert.id, since);
    if (now - since < this.times.calmMs) return;
    await this.#end(alert, isCalled ? "met" : "not called", now);
  }

  async #findTraces(alert: KeptAlert, objective: OwnedObjective, now: number): Promise<void> {
    const from = now - alert.windows.longMs;
    const { traces } = await evidenceOf(objective, { from, now }, this.#evidenceSources);
    if (traces.length > 0) await this.#file.update(alert.id, (kept) => ({ ...kept, traces }));
  }

  async #end(
    { id, operation, service }: KeptAlert,
    resolved: NonNullable<KeptAlert["resolved"]>,
    now: number,
  ): Promise<void> {
    this.#calmSince.delete(id);
    const resolvedAt = new Date(now).toISOString();
    await this.#file.change((state) => ({
      ...state,
      alerts: state.alerts.map((alert) =>
        alert.id === id ? { ...alert, resolved, resolvedAt } : alert,
      ),
    }));
    this.#options.log.info(`the objective of ${service}.${operation} is met again`, { alert: id });
  }

  get #evidenceSources(): EvidenceSources {
    return { ...this.#options, ask: (path) => this.#store().ask(path) };
  }

  #store(): StoreClient {
    return storeOf({ telemetry: () => this.#options.store() });
  }
}
