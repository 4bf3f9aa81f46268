import { join } from "node:path";
import { readJson, writeJson } from "../state/json-file.ts";
import type { Notice } from "./notice.ts";
import type { ObjectiveKind } from "./objective.ts";
import type { View } from "./call-history.ts";

/** An objective that is or was missed. Times are ISO 8601. */
export interface KeptAlert {
  readonly id: string;
  readonly service: string;
  readonly operation: string;
  readonly kind: ObjectiveKind;
  readonly target: number;
  readonly withinMs?: number | undefined;
  readonly owner: string;
  readonly runbook?: string | undefined;
  /** From where it is seen, and by which windows. */
  readonly view: View;
  readonly windows: { readonly longMs: number; readonly shortMs: number; readonly rate: number };
  readonly sentence: string;
  readonly since: string;
  readonly resolvedAt?: string | undefined;
  /** Why it is over. */
  readonly resolved?: "met" | "not called" | "unpromised" | undefined;
  readonly acknowledged?:
    | { readonly by: string; readonly at: string; readonly note?: string }
    | undefined;
  /** Destinations that are to be told when it is over, since they were, or are being, told of it; and those that have heard of it. */
  readonly sentTo: readonly string[];
  readonly told: readonly string[];
  readonly traces: readonly string[];
  readonly change?: string | undefined;
}

/** A notice on its way to one destination. */
export interface Delivery {
  readonly destination: string;
  readonly notice: Notice;
  /** Addresses beside those of the destination. */
  readonly people: readonly string[];
  readonly attempts: number;
  /** When it is tried, or tried again, milliseconds since 1970-01-01 UTC. */
  readonly dueAt: number;
}

/** What alerting keeps: written whole, so that an alert and what is to be told of it are on the disk together, or not at all. */
export interface AlertState {
  /** The oldest first. */
  readonly alerts: readonly KeptAlert[];
  readonly deliveries: readonly Delivery[];
  /** Who a team was told to be on call. */
  readonly onCall: Readonly<Record<string, { readonly name: string; readonly email: string }>>;
  /** By destination: what became of the last notice. */
  readonly last: Readonly<Record<string, { readonly at: string; readonly problem?: string }>>;
}

const nothing: AlertState = { alerts: [], deliveries: [], onCall: {}, last: {} };

/** Alerts that are over and kept to look at. */
const mostResolved = 200;

/** The state of alerting: `state/alerts.json`. A platform after us goes on from it, and tells nothing twice. */
export class AlertFile {
  readonly #file: string;
  #state: AlertState;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(stateDirectory: string) {
    this.#file = join(stateDirectory, "alerts.json");
    this.#state = { ...nothing, ...readJson<AlertState>(this.#file) };
  }

  get state(): AlertState {
    return this.#state;
  }

  /** One change after another, each on the disk before it holds. Rejects with `start_failed` when it cannot be written; then nothing has changed. */
  change(make: (state: AlertState) => AlertState): Promise<void> {
    const changed = this.#writing.then(async () => {
      const made = make(this.#state);
      if (made === this.#state) return;
      const state = { ...made, alerts: bounded(made.alerts) };
      await writeJson(this.#file, { version: 1, ...state });
      this.#state = state;
    });
    this.#writing = changed.catch(() => {});
    return changed;
  }

  /** The one change of an alert. */
  update(id: string, make: (alert: KeptAlert) => KeptAlert): Promise<void> {
    return this.change((state) => ({
      ...state,
      alerts: state.alerts.map((alert) => (alert.id === id ? make(alert) : alert)),
    }));
  }
}

function bounded(alerts: readonly KeptAlert[]): readonly KeptAlert[] {
  let over = alerts.filter(({ resolvedAt }) => resolvedAt !== undefined).length - mostResolved;
  if (over <= 0) return alerts;
  return alerts.filter(({ resolvedAt }) => resolvedAt === undefined || over-- <= 0);
}
