import type { ServedArguments, ServedOperation } from "@kerf/call";
import type {
  alertOperations as declaredAlerts,
  onCallOperations as declaredOnCall,
  OnCallStatus,
  Rota,
} from "@kerf/control-api";
import { type Clock, KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Alerting } from "../alerts/alerting.ts";
import { burnOf } from "../alerts/burn-rate.ts";
import {
  type AskedDestination,
  type DestinationStore,
  toldDestination,
} from "../alerts/destinations/destination-store.ts";
import { type View, views } from "../alerts/call-history.ts";
import { windowTimes } from "../alerts/alert-windows.ts";
import type { OnCall } from "../alerts/on-call/on-call.ts";
import type { Silences } from "../alerts/silences.ts";
import { userOf } from "../audit/audited-operations.ts";
import { serviceOf } from "../manifest/service-of.ts";
import { holderOf } from "./operator.ts";

type Operations = {
  readonly [Name in keyof (typeof declaredAlerts & typeof declaredOnCall)]: ServedOperation;
};

/** What the operations work on. */
export interface AlertSurroundings {
  readonly clock: Clock;
  readonly alerting: Alerting;
  readonly silences: Silences;
  readonly destinations: DestinationStore;
  readonly onCall: OnCall;
  manifest(): AppManifest;
}

/** Points of a chart of burn. */
const mostPoints = 120;

/** Objectives, alerts, silences, destinations and who is on call. */
export function alertOperations(
  around: AlertSurroundings,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): Operations {
  const { alerting, destinations, onCall, silences } = around;
  const shown = (name: string) => {
    const { last, waiting } = alerting.notifier.deliveryOf(name);
    return toldDestination(destinations.named(name), last, waiting);
  };
  const alertOf = (id: string) => {
    const found = alerting.find(id);
    if (found !== undefined) return found;
    throw unknownAlert(id);
  };
  return {
    alerts: inFull(({ context, input }) => {
      const own = holderOf(context)?.services;
      const isOwn = ({ service }: { readonly service: string }): boolean =>
        own === undefined || own.includes(service);
      const { problem } = alerting;
      const at = alerting.judge.judgedAt;
      return {
        alerts: alerting.list((input as { all: boolean }).all).filter(isOwn),
        silences: silences.list().filter(isOwn),
        objectives: alerting.judge.objectives.filter(isOwn).length,
        ...(at === undefined ? undefined : { judgedAt: new Date(at).toISOString() }),
        ...(problem === undefined ? undefined : { problem }),
        destinations: destinations.list().length,
      };
    }),
    alertBurn: inFull(({ context, input }) => {
      const own = holderOf(context)?.services;
      const { id } = input as { id: string };
      const alert = alertOf(id);
      if (own !== undefined && !own.includes(alert.service)) throw unknownAlert(id);
      const { longMs: spanMs, rate: threshold, shortMs: windowMs } = alert.windows;
      const { calls } = alerting.judge.judging;
      const steps = calls.steps(alert, alert.view);
      const now = around.clock.wall();
      const stepMs = spanMs / mostPoints;
      const points = Array.from({ length: mostPoints }, (_, i) => {
        const at = now - spanMs + (i + 1) * stepMs;
        return { at, burn: burnOf(alert, steps, { now: at, windowMs }).rate };
      });
      return { points, threshold, windowMs };
    }),
    objectives: inFull(({ context, input }) => {
      const own = holderOf(context)?.services;
      const { service } = input as { service?: string };
      if (service !== undefined) serviceOf(around.manifest(), service);
      const wanted = alerting.judge.objectives.filter(
        (each) =>
          (service === undefined || each.service === service) &&
          (own === undefined || own.includes(each.service)),
      );
      const now = around.clock.wall();
      const { calls, windows } = alerting.judge.judging;
      const { historyMs } = windowTimes(windows);
      return {
        objectives: wanted.map((objective) => {
          const seen = (Object.keys(views) as View[]).map((view) => calls.steps(objective, view));
          const worst = (windowMs: number): number =>
            Math.max(...seen.map((steps) => burnOf(objective, steps, { now, windowMs }).rate));
          return {
            ...objective,
            burns: windows.map(({ longMs, rate, shortMs }) => ({
              longMs,
              shortMs,
              threshold: rate,
              long: worst(longMs),
              short: worst(shortMs),
            })),
            calls: Math.max(
              ...seen.map((steps) => burnOf(objective, steps, { now, windowMs: historyMs }).calls),
            ),
          };
        }),
      };
    }),
    acknowledgeAlert: inFull(async ({ context, input }) => {
      const { id, note } = input as { id: string; note?: string };
      const { resolvedAt } = alertOf(id);
      if (resolvedAt !== undefined) {
        throw new KerfError("conflict", {
          message: `The alert ${id} is over since ${resolvedAt}.`,
          fix: "kerf alerts names those that fire.",
          retry: "never",
        });
      }
      return { alert: await alerting.acknowledge(id, userOf(context), note) };
    }),
    addSilence: inFull(async ({ context, input }) => {
      const { operation, service, ...asked } = input as Asked;
      assertOperation(around.manifest(), service, operation);
      return {
        silence: await silences.add({ ...asked, service, operation, by: userOf(context) }),
      };
    }),
    endSilence: inFull(async ({ input }) => ({
      silence: await silences.end((input as { id: string }).id),
    })),
    listDestinations: inFull(() => ({
      destinations: destinations.list().map(({ name }) => shown(name)),
    })),
    addDestination: inFull(async ({ context, input }) => {
      const { name } = await destinations.add(input as AskedDestination, userOf(context));
      return { destination: shown(name) };
    }),
    removeDestination: inFull(async ({ context, input }) => {
      const { name } = input as { name: string };
      await destinations.remove(name, userOf(context));
      await alerting.notifier.forget(name);
      return {};
    }),
    testDestination: inFull(async ({ input }) => {
      const begun = around.clock.now();
      await alerting.notifier.test(destinations.named((input as { name: string }).name));
      return { ms: Math.round(around.clock.now() - begun) };
    }),
    ...onCallOf(around, onCall, inFull),
  };
}

interface Asked {
  readonly service: string;
  readonly operation?: string;
  readonly because: string;
  readonly forMs: number;
}

function onCallOf(
  around: AlertSurroundings,
  onCall: OnCall,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): { readonly [Name in keyof typeof declaredOnCall]: ServedOperation } {
  const owners = (): { name: string; owner: string }[] => {
    const { gateways, services } = around.manifest();
    return [...services, ...gateways.flatMap(({ backend }) => backend ?? [])];
  };
  const statusOf = (team: string): OnCallStatus => ({
    ...onCall.status(team),
    services: owners()
      .filter(({ owner }) => owner === team)
      .map(({ name }) => name),
  });
  return {
    onCall: inFull(({ input }) => {
      const { team } = input as { team?: string };
      const known = onCall.teams;
      const without = new Set(owners().map(({ owner }) => owner));
      for (const each of known) without.delete(each);
      return {
        teams: (team === undefined ? known : [team]).map(statusOf),
        without: [...without].toSorted(),
      };
    }),
    setRota: inFull(async ({ input }) => {
      const { rota, team } = input as { team: string; rota: Rota };
      // A team whose first service is still to be deployed may be named.
      await onCall.set(team, rota);
      return { team: statusOf(team) };
    }),
    removeRota: inFull(async ({ input }) => {
      await onCall.remove((input as { team: string }).team);
      return {};
    }),
    swapOnCall: inFull(async ({ context, input }) => {
      const { from, team, to, until } = input as {
        team: string;
        to: string;
        from?: string;
        until: string;
      };
      await onCall.swap(team, {
        name: to,
        from: from === undefined ? around.clock.wall() : Date.parse(from),
        until: Date.parse(until),
        by: userOf(context),
      });
      return { team: statusOf(team) };
    }),
  };
}

function unknownAlert(id: string): KerfError {
  return new KerfError("not_found", {
    message: `There is no alert ${JSON.stringify(id)}.`,
    fix: "kerf alerts --all names those that there are.",
  });
}

/** Throws `not_found` and `unknown_operation`: a silence of what is not there would keep nothing quiet. */
function assertOperation(manifest: AppManifest, name: string, operation: string | undefined): void {
  const backends = manifest.gateways.flatMap(({ backend }) => backend ?? []);
  const service = backends.find((each) => each.name === name) ?? serviceOf(manifest, name);
  if (operation === undefined || Object.hasOwn(service.contract.operations, operation)) return;
  throw new KerfError("unknown_operation", {
    message: `${name} has no operation ${JSON.stringify(operation)}.`,
    fix: `Give one of: ${Object.keys(service.contract.operations).join(", ")}`,
  });
}
