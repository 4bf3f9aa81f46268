import type { HttpListener } from "@kerf/call/http";
import type { Logger } from "@kerf/telemetry";
import { SessionStore } from "../dashboard/session-store.ts";
import { judge } from "../gate/gate.ts";
import type { Parts, Whole } from "../parts.ts";
import type { Home } from "../state/home.ts";
import { TokenStore } from "../tokens/token-store.ts";
import type * as Listen from "./listen.ts";
import { logSources } from "./log-sources.ts";
import type { ApiSurroundings } from "./operations.ts";

/** What the control API is put together from, beside the parts of the platform. */
export interface ApiAround extends Pick<
  ApiSurroundings,
  | "alerting"
  | "change"
  | "clock"
  | "destinations"
  | "events"
  | "manifest"
  | "onCall"
  | "settingsChanges"
  | "signPrincipal"
  | "silences"
  | "telemetry"
  | "wheel"
> {
  readonly home: Home;
  readonly environment: string;
  readonly log: Logger;
  readonly whole: Whole;
}

type Listening = Parameters<(typeof Listen)["listenApi"]>[0];

/** Puts together what operators are told over HTTP. Answers what has it listen. */
export function assembleApi(
  parts: Omit<Parts, "alerting" | "listenApi" | "listenHosts" | "telemetry">,
  around: ApiAround,
): (door: Pick<Listening, "port" | "principalKey" | "token">) => Promise<HttpListener> {
  const { brokerServer, databases, deployed, draining, images, journal } = parts;
  const { redis, releases, rollouts, settings, supervisor } = parts;
  const { clock, environment, home, log, wheel, whole } = around;
  const sessions = new SessionStore(home.state, clock);
  const surroundings: ApiSurroundings = {
    ...parts,
    ...around,
    tokens: new TokenStore(home.state, clock),
    status: () => whole.status(),
    logs: (of) =>
      logSources(of, {
        home,
        units: deployed.units,
        slots: supervisor.slots,
        servers: databases.servers,
        telemetry: around.telemetry() !== undefined,
        images: images?.logs ?? [],
        broker: brokerServer?.logFile,
        redis: redis.logFile,
      }),
    unitOf: (service) => deployed.unitOf(service),
    judge: (plan) => judge({ store: releases, databases, settings }, deployed.current, plan),
    coming: (service) => settings.coming(service),
    changedNames: (...of) => settings.changedNames(...of),
    placed: () => ({ deployment: deployed.current, kept: journal.kept }),
    unitStops: {
      environment,
      supervisor,
      units: () => Object.keys(deployed.units),
      assertFree: () => rollouts.assertFree(),
    },
    openDashboard: (holder) => {
      const { code, expires } = sessions.issue(holder);
      return { url: `${whole.status().platform.url}/#code=${code}`, expires };
    },
    replaceWholly: async (unit) => (await supervisor.replaceWholly(unit)).map(({ id }) => id),
    stop: (reason) => whole.stop(reason),
  };
  return async (door) => {
    // Loaded while the database servers start: its contract, schemas and tools are not needed before.
    const { listenApi } = await import("./listen.ts");
    return listenApi({
      ...door,
      clock,
      wheel,
      log,
      environment,
      surroundings,
      sessions,
      signPrincipal: (principal) => around.signPrincipal(principal),
      draining: draining.signal,
    });
  };
}
