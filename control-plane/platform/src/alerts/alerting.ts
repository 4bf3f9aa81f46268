import type { AlertStatus } from "@kerf/control-api";
import { type Timer, toKerfError } from "@kerf/kernel";
import { AlertFile, type KeptAlert } from "./alert-file.ts";
import { toldAlert } from "./compose-notice.ts";
import { Notifier, type NotifierOptions } from "./notifier.ts";
import { ObjectiveJudge, type ObjectiveJudgeOptions } from "./objective-judge.ts";

/** What alerting works on. */
export interface AlertingOptions extends ObjectiveJudgeOptions, NotifierOptions {
  /** Directory of the platform's state. */
  readonly state: string;
}

/** Judges objectives every few seconds, and sees to it that somebody is told. */
export class Alerting {
  readonly judge: ObjectiveJudge;
  readonly notifier: Notifier;
  readonly #options: AlertingOptions;
  readonly #file: AlertFile;
  #round: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #problem: string | undefined;
  #stopped = false;

  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#file = new AlertFile(options.state);
    this.judge = new ObjectiveJudge(options, this.#file);
    this.notifier = new Notifier(options, this.#file);
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(this.judge.times.everyMs, () => {
      this.#round = this.round().finally(() => this.start());
    });
  }

  /** Judges nothing and sends nothing any more; resolves when nothing of it is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.allSettled([this.notifier.stop(), this.#round]);
  }

  /** Why objectives are not judged; undefined when they are. */
  get problem(): string | undefined {
    return this.#problem;
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
    const said = {
      by,
      at: new Date(this.#options.clock.wall()).toISOString(),
      ...(note === undefined ? undefined : { note }),
    };
    await this.#file.update(id, (alert) => ({ ...alert, acknowledged: said }));
    return this.#status(this.find(id) as KeptAlert);
  }

  /** Looks once at everything. Never rejects. */
  async round(): Promise<void> {
    try {
      await this.judge.judge();
      this.#problem = undefined;
    } catch (thrown) {
      const error = toKerfError(thrown);
      this.#problem = `${error.message} ${error.why ?? ""}`.trim();
      this.#options.log.debug("objectives are not judged", { error });
    }
    if (this.#stopped) return;
    try {
      await this.notifier.notify();
    } catch (thrown) {
      this.#options.log.error("nobody can be told of alerts", { error: toKerfError(thrown) });
    }
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
}
