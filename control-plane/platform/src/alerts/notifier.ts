import { randomHex } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { AlertFile, Delivery } from "./alert-file.ts";
import {
  alertNotice,
  handOverNotice,
  type Origin,
  testNotice,
  toldAlert,
} from "./compose-notice.ts";
import { Deliveries, type DeliveriesOptions } from "./destinations/deliveries.ts";
import { type Destination, isFor } from "./destinations/destination.ts";
import type { Notice } from "./notice.ts";
import type { OnCall } from "./on-call/on-call.ts";
import type { Silences } from "./silences.ts";

/** Who is told, and of what. */
export interface NotifierOptions extends Omit<DeliveriesOptions, "file"> {
  readonly environment: string;
  /** Throws `not_ready` while the app is being read. */
  manifest(): AppManifest;
  /** The platform's own address. */
  url(): string;
  readonly silences: Silences;
  readonly onCall: OnCall;
}

/** Sees to it that somebody is told of alerts, and of who is on call for them. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #file: AlertFile;
  readonly #deliveries: Deliveries;

  constructor(options: NotifierOptions, file: AlertFile) {
    this.#options = options;
    this.#file = file;
    this.#deliveries = new Deliveries({ ...options, file });
  }

  /** Puts on their way the notices that somebody has not had yet. */
  async notify(): Promise<void> {
    await this.#handOver();
    await this.#tell();
    this.#deliveries.kick();
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

  /** Sends nothing any more; resolves when nothing of it is under way. */
  stop(): Promise<void> {
    return this.#deliveries.stop();
  }

  /** What is told of an alert is in the same writing as that it is told. */
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
