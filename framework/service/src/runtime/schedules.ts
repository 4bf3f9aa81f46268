import { CallContext, KerfError } from "@kerf/kernel";
import { Scheduler } from "@kerf/saga";
import type { DeclaredSchedule } from "../declaration/schedule.ts";
import type { BoundService } from "./bound-service.ts";
import { inScope } from "./in-scope.ts";
import { type OperatorActions, textOf } from "./operate.ts";
import { OwnSpans } from "./own-spans.ts";
import type { SagaParts } from "./sagas.ts";

/** The schedules of one service in this process. */
export function schedulerOf(bound: BoundService, parts: SagaParts): Scheduler {
  const { clock, database, log, name, service } = bound;
  const spans = new Map(
    service.schedules.map((each) => [
      each.name,
      new OwnSpans("schedule", bound, each.name, { "kerf.schedule": each.name }, parts.tracing),
    ]),
  );
  return new Scheduler({
    schedules: service.schedules,
    database,
    clock,
    random: parts.random,
    log,
    async run(schedule, occurrence, transaction) {
      const own = spans.get(schedule.name) as OwnSpans<"schedule">;
      const trace = own.begin();
      const context = new CallContext({
        clock,
        wheel: parts.wheel,
        deadline: Number.POSITIVE_INFINITY,
        trace,
        caller: name,
      });
      const run = (schedule as DeclaredSchedule).run as (args: unknown) => Promise<void> | void;
      const part = transaction.under(trace);
      const args = {
        at: new Date(occurrence),
        db: part.db,
        raw: part.raw,
        get emit() {
          return bound.events?.emit(transaction, context);
        },
        start(saga: never, input: unknown) {
          if (bound.sagas === undefined) throw noSagas(name);
          return bound.sagas.begin(transaction, context, saga, input);
        },
        reconcile: (name: string, repair: boolean) =>
          bound.reconciler?.ask(transaction, name, repair),
        log: log.in(context.trace).with({ schedule: schedule.name }),
        clock,
        ...bound.given,
      };
      await own.during(trace, () => inScope(bound, trace, () => run(args)));
    },
  });
}

/** What operators may ask of the schedules; they are there once the service is connected. */
export function scheduleActions(bound: BoundService): OperatorActions {
  if (bound.service.schedules.length === 0) return {};
  return {
    "schedules.list": async () => bound.schedules?.list(),
    async "schedules.run"(input) {
      const name = textOf(input, "name");
      if ((await bound.schedules?.runNow(name)) === true) return {};
      throw new KerfError("not_found", {
        message: `${bound.name} has no schedule ${JSON.stringify(name)}.`,
        fix: `Give one of: ${bound.service.schedules.map((each) => each.name).join(", ")}`,
      });
    },
  };
}

function noSagas(service: string): KerfError {
  return new KerfError("invalid_app", {
    message: `${service} has no sagas to start.`,
    fix: "Declare one with service.saga(…).",
  });
}
