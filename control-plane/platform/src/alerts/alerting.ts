import type { AlertStatus, AuditEntry } from "@kerf/control-api";
import { type Clock, type KerfError, randomHex, type Timer, toKerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { StoreClient } from "../telemetry/store-client.ts";
import { storeOf } from "../telemetry/telemetry-operations.ts";
import { AlertFile, type Delivery, type KeptAlert } from "./alert-file.ts";
import { alertText } from "./alert-text.ts";
import { alertWindows, windowTimes } from "./alert-windows.ts";
import { type AskStore, CallHistory } from "./call-history.ts";
import {
  alertNotice,
  handOverNotice,
  type Origin,
  testNotice,
  toldAlert,
} from "./compose-notice.ts";
import { Deliveries } from "./destinations/deliveries.ts";
import { type Destination, isFor, type Send } from "./destinations/destination.ts";
import type { DestinationStore } from "./destinations/destination-store.ts";
import { evidenceOf } from "./evidence.ts";
import { type Judging, leastFailures } from "./judge.ts";
import { keyOf } from "./objective.ts";
import { objectivesOf, type OwnedObjective } from "./objectives-of.ts";
import type { Notice } from "./notice.ts";
import type { OnCall } from "./on-call/on-call.ts";
import type { Silences } from "./silences.ts";
import { type Standing, standingOf } from "./standing.ts";

/** What alerting works on. */
export interface AlertingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Directory of the platform's state. */
  readonly state: string;
  readonly environment: string;
  /** Throws `not_ready` while the app is being read. */
  manifest(): AppManifest;
  /** Undefined where the app does without a store. */
  store(): StoreClient | undefined;
  changes(): readonly AuditEntry[];
  unitOf(service: string): string | undefined;
  /** The platform's own address. */
  url(): string;
  readonly silences: Silences;
  readonly onCall: OnCall;
  readonly destinations: DestinationStore;
  readonly senders: Readonly<Record<Destination["kind"], Send>>;
  /** Chance, 0 to 1. */
  readonly random: () => number;
  problem(error: KerfError, source: string): void;
}

/**
 * Judges objectives every few seconds by what the telemetry store has, and sees to it that somebody is told. Nothing is judged while the store is
 * away: no data is no failure, and no end of one either.
 */
export class Alerting {
  readonly #options: AlertingOptions;
  readonly #file: AlertFile;
  readonly #deliveries: Deliveries;
  /** By the windows that it was made for. */
  #history: { readonly of: string; readonly calls: CallHistory } | undefined;
  /** Since when an objective is met that was missed, by alert. */
  readonly #calmSince = new Map<string, number>();
  #round: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #judgedAt: number | undefined;
  #problem: string | undefined;
  #stopped = false;

  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#file = new AlertFile(options.state);
    this.#deliveries = new Deliveries({ ...options, file: this.#file });
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(this.#times.everyMs, () => {
      this.#round = this.round().finally(() => this.start());
    });
  }

  /** Judges nothing and sends nothing any more; resolves when nothing of it is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.allSettled([this.#deliveries.stop(), this.#round]);
  }

  /** When objectives were judged last, milliseconds since 1970-01-01 UTC, and why they are not. */
  get judged(): { readonly at: number | undefined; readonly problem: string | undefined } {
    return { at: this.#judgedAt, problem: this.#problem };
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

  /** All that fire, and with `all` those that are over; the newest first. */
  list(all: boolean): AlertStatus[] {
    return this.#file.state.alerts
      .filter(({ resolvedAt }) => all || resolvedAt === undefined)
      .map((alert) => this.#status(alert))
      .toReversed();
  }

  /** Undefined for an alert that is not known. */
  find(id: string): KeptAlert | undefined {
    return this.#file.state.alerts.find((alert) => alert.id === id);
  }

  /** Somebody takes care of an alert. */
  async acknowledge(id: string, by: string, note: string | undefined): Promise<AlertStatus> {
    const said = { by, at: this.#now, ...(note === undefined ? undefined : { note }) };
    await this.#file.update(id, (alert) => ({ ...alert, acknowledged: said }));
    return this.#status(this.find(id) as KeptAlert);
  }

  /** What became of the last notice to a destination, and how many wait for it. */
  deliveryOf(name: string): { last?: { at: string; problem?: string }; waiting: number } {
    const { deliveries, last } = this.#file.state;
    const waiting = deliveries.filter(({ destination }) => destination === name).length;
    return { ...(last[name] === undefined ? undefined : { last: last[name] }), waiting };
  }

  /** Sends a test to a destination, once. Rejects when it does not arrive. */
  async test(destination: Destination): Promise<void> {
    const notice = testNotice(this.#origin, `t-${randomHex(4)}`, this.#now);
    const team = destination.teams?.[0];
    const owner = team === undefined ? undefined : { owner: team };
    await this.#deliveries.send(destination, { ...notice, ...owner }, this.#peopleOf(team));
  }

  /** A destination is no more: nothing waits for it, and it has been told nothing. */
  async forget(name: string): Promise<void> {
    await this.#file.change((state) => {
      const { [name]: _gone, ...last } = state.last;
      return {
        ...state,
        last,
        deliveries: state.deliveries.filter(({ destination }) => destination !== name),
        alerts: state.alerts.map((alert) => ({
          ...alert,
          sentTo: alert.sentTo.filter((each) => each !== name),
        })),
      };
    });
  }

  /** Resolves when nothing is being sent. */
  idle(): Promise<void> {
    return this.#deliveries.idle();
  }

  /** Looks once at everything. Never rejects. */
  async round(): Promise<void> {
    try {
      await this.#judge();
      this.#problem = undefined;
    } catch (thrown) {
      const error = toKerfError(thrown);
      this.#problem = `${error.message} ${error.why ?? ""}`.trim();
      this.#options.log.debug("objectives are not judged", { error });
    }
    if (this.#stopped) return;
    try {
      await this.#handOver();
      await this.#tell();
      this.#deliveries.kick();
    } catch (thrown) {
      this.#options.log.error("nobody can be told of alerts", { error: toKerfError(thrown) });
    }
  }

  async #judge(): Promise<void> {
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
      if (alert !== undefined) await this.#lookAgain(alert, standing, now);
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
      { ...this.#options, ask: (path) => this.#store().ask(path) },
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
  async #lookAgain(alert: KeptAlert, { isCalled, missed }: Standing, now: number): Promise<void> {
    if (missed !== undefined) {
      this.#calmSince.delete(alert.id);
      return;
    }
    const since = this.#calmSince.get(alert.id) ?? now;
    this.#calmSince.set(alert.id, since);
    if (now - since < this.#times.calmMs) return;
    await this.#end(alert, isCalled ? "met" : "not called", now);
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

  /** Puts on their way the notices that somebody has not had yet, in the same writing as that they are. */
  async #tell(): Promise<void> {
    const { clock, destinations, onCall, silences } = this.#options;
    const now = clock.wall();
    const made: Delivery[] = [];
    const sentTo = new Map<string, readonly string[]>();
    for (const alert of this.#file.state.alerts) {
      const { operation, owner, resolvedAt, service } = alert;
      const kind = resolvedAt === undefined ? "firing" : "resolved";
      const wanted =
        kind === "resolved"
          ? alert.sentTo
          : silences.of(service, operation) !== undefined
            ? []
            : destinations
                .list()
                .filter((each) => isFor(each, owner) && !alert.sentTo.includes(each.name))
                .map(({ name }) => name);
      if (wanted.length === 0) continue;
      const notice = alertNotice(alert, kind, this.#origin, onCall.now(owner), this.#now);
      made.push(...this.#deliveriesOf(notice, wanted, this.#peopleOf(owner), now));
      sentTo.set(alert.id, kind === "firing" ? [...alert.sentTo, ...wanted] : []);
    }
    if (made.length === 0) return;
    await this.#file.change((state) => ({
      ...state,
      alerts: state.alerts.map((alert) => {
        const sent = sentTo.get(alert.id);
        return sent === undefined ? alert : { ...alert, sentTo: sent };
      }),
      deliveries: this.#deliveries.withMore(state.deliveries, made),
    }));
  }

  /** Tells whoever is on call now, and who was before, that this is so. */
  async #handOver(): Promise<void> {
    const { clock, destinations, onCall, silences } = this.#options;
    const { alerts, onCall: known } = this.#file.state;
    const owned = new Map(this.#owned());
    const standing: Record<string, { name: string; email: string }> = {};
    const made: Delivery[] = [];
    for (const team of onCall.teams) {
      const to = onCall.now(team);
      if (to === undefined) continue;
      standing[team] = { name: to.name, email: to.email };
      const from = known[team];
      if (from?.name === to.name) continue;
      const mine = (service: string): boolean => owned.get(service) === team;
      const notice = handOverNotice(
        {
          team,
          ...(from === undefined ? undefined : { from }),
          to,
          firing: alerts
            .filter(({ owner, resolvedAt }) => resolvedAt === undefined && owner === team)
            .map(toldAlert),
          silenced: silences
            .list()
            .filter(({ service }) => mine(service))
            .map(({ because, operation, service, until }) => ({
              service,
              ...(operation === undefined ? undefined : { operation }),
              because,
              until,
            })),
        },
        this.#origin,
        this.#now,
      );
      const names = destinations
        .list()
        .filter((each) => isFor(each, team))
        .map(({ name }) => name);
      const people = from === undefined ? [to.email] : [from.email, to.email];
      made.push(...this.#deliveriesOf(notice, names, people, clock.wall()));
    }
    if (JSON.stringify(standing) === JSON.stringify(known)) return;
    await this.#file.change((state) => ({
      ...state,
      onCall: standing,
      deliveries: this.#deliveries.withMore(state.deliveries, made),
    }));
  }

  #deliveriesOf(
    notice: Notice,
    names: readonly string[],
    people: readonly string[],
    dueAt: number,
  ): Delivery[] {
    return names.map((destination) => ({ destination, notice, people, attempts: 0, dueAt }));
  }

  #status(alert: KeptAlert): AlertStatus {
    const { acknowledged, change, operation, owner, resolvedAt, runbook, service } = alert;
    const silence = this.#options.silences.of(service, operation);
    return {
      ...toldAlert(alert),
      owner,
      ...(runbook === undefined ? undefined : { runbook }),
      state: resolvedAt === undefined ? "firing" : "resolved",
      ...(silence === undefined || resolvedAt !== undefined ? undefined : { silence: silence.id }),
      ...(acknowledged === undefined ? undefined : { acknowledged }),
      told: [...alert.told],
      traces: [...alert.traces],
      ...(change === undefined ? undefined : { change }),
    };
  }

  /** Services and their teams. */
  #owned(): [service: string, team: string][] {
    const { gateways, services } = this.#options.manifest();
    const backends = gateways.flatMap(({ backend }) => backend ?? []);
    return [...services, ...backends].map(({ name, owner }) => [name, owner]);
  }

  #peopleOf(team: string | undefined): string[] {
    const person = team === undefined ? undefined : this.#options.onCall.now(team);
    return person === undefined ? [] : [person.email];
  }

  #store(): StoreClient {
    return storeOf({ telemetry: () => this.#options.store() });
  }

  get #times() {
    try {
      return windowTimes(this.#options.manifest().alerts?.windows ?? alertWindows);
    } catch {
      return windowTimes(alertWindows);
    }
  }

  get #origin(): Origin {
    const { alerts, app } = this.#options.manifest();
    const { environment } = this.#options;
    const dashboard = (alerts?.dashboard ?? this.#options.url()).replace(/\/+$/, "");
    return { app, environment, dashboard };
  }

  get #now(): string {
    return new Date(this.#options.clock.wall()).toISOString();
  }
}
