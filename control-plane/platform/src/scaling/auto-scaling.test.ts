import assert from "node:assert/strict";
import { test } from "node:test";
import { sharesPorts } from "@kerf/call/http";
import type { AuditEntry } from "@kerf/control-api";
import { KerfError, ManualClock } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { silentLogger } from "@kerf/telemetry";
import { LoadKeeper } from "../load/load-keeper.ts";
import { Deployed } from "../placement/deployed.ts";
import { copiesOf } from "../placement/deployment.ts";
import { AutoScaling } from "./auto-scaling.ts";
import type { WaitingEvents } from "./lag.ts";
import { keptAwake } from "./scaling-of.ts";

const lone = { follows: [], sagas: [], schedules: [], reconciliations: [], workers: [] };
/** An app of which only what scaling looks at is there. */
const manifestOf = (unit: string): AppManifest =>
  ({
    app: "shop",
    services: [
      { name: "search", ...lone },
      { name: "orders", ...lone, sagas: ["checkout"] },
    ],
    gateways: [{ name: "web", expose: [] }],
    units: { search: ["search"], orders: ["orders"] },
    scale: { [unit]: { min: 0, max: 8, target: { inFlight: 2 } } },
  }) as unknown as AppManifest;

/** A unit whose copies are numbers, on a clock moved by hand. */
async function stage(unit = "search") {
  const manifest = manifestOf(unit);
  const clock = new ManualClock();
  const deployed = new Deployed({ host: "127.0.0.1", port: 0 }, async () => 0);
  const units = { search: ["search"], orders: ["orders"] };
  await deployed.set({ manifest, units, copies: {}, replicas: 1 });
  const load = new LoadKeeper(clock);
  const audit: Omit<AuditEntry, "at">[] = [];
  const facts = {
    running: 1,
    inFlight: 0,
    isChanging: false,
    resize: async (): Promise<void> => {},
    published: 0,
    lag: undefined as WaitingEvents | undefined,
  };
  const ids = (): string[] => Array.from({ length: facts.running }, (_, n) => `${unit}-${n}`);
  const scaling = new AutoScaling({
    clock,
    log: silentLogger,
    deployed,
    load,
    audit: { append: async (entry) => void audit.push(entry) },
    serving: ids,
    lag: () => facts.lag,
    resize: async () => {
      await facts.resize();
      facts.running = copiesOf(deployed.current, unit);
    },
    isChanging: () => facts.isChanging,
    changed: () => void facts.published++,
  });
  return {
    clock,
    deployed,
    scaling,
    audit,
    facts,
    /** Lets programs report and the controller look, once a second. */
    pass: async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        for (const instance of ids()) {
          const subject = { instance, unit, release: "", adopted: false };
          const inFlight = facts.inFlight / facts.running;
          load.heard(subject, { inFlight, streams: 0, cpuMs: 0, residentBytes: 1, operations: [] });
        }
        await clock.advance(1_000);
      }
    },
    copies: () => copiesOf(deployed.current, unit),
  };
}

test("more copies under load, fewer without; nothing while a change of the unit is under way; each on record with why", async () => {
  const { audit, copies, facts, pass, scaling } = await stage();
  scaling.begin(undefined);
  scaling.start();
  facts.inFlight = 6;
  facts.isChanging = true;
  await pass(10);
  assert.equal(copies(), 1);
  facts.isChanging = false;
  await pass(5);
  assert.equal(copies(), 3);
  assert.match(scaling.statusOf("search").scaling?.why ?? "", /6 calls in flight, 2 for each/);
  assert.deepEqual(scaling.statusOf("orders"), {});
  await pass(600);
  assert.equal(copies(), 3);
  assert.deepEqual(audit, [
    {
      by: "platform",
      action: "scale",
      unit: "search",
      before: { copies: 1 },
      after: { copies: 3 },
      result: "done",
      why: "3: 6 calls in flight, 2 for each",
    },
  ]);
  scaling.stop();
});

test("a gateway is scaled as units are, and does not sleep", async (t) => {
  if (!sharesPorts) return t.skip("its copies share a port");
  const { copies, facts, pass, scaling } = await stage("gateway:web");
  scaling.begin(undefined);
  scaling.start();
  facts.inFlight = 6;
  await pass(5);
  assert.equal(copies(), 3);
  facts.inFlight = 0;
  await pass(600);
  assert.equal(copies(), 1);
  assert.match(
    scaling.statusOf("gateway:web").scaling?.why ?? "",
    /it does not sleep: requests of/,
  );
  scaling.stop();
});

test("what nobody calls sleeps; a call wakes it, and hears when that fails", async () => {
  const { audit, clock, copies, deployed, facts, pass, scaling } = await stage();
  scaling.begin(undefined);
  scaling.start();
  await pass(62);
  assert.equal(copies(), 0);
  assert.equal(deployed.isAsleep("search"), true);

  // While the first copy starts, further calls wait for the same one.
  const started = Promise.withResolvers<void>();
  facts.resize = () => started.promise;
  const calls = [scaling.wake("search"), scaling.wake("search")];
  await clock.advance(1_000);
  assert.equal(copies(), 1);
  assert.equal(deployed.isAsleep("search"), true);
  started.resolve();
  await Promise.all(calls);
  assert.equal(deployed.isAsleep("search"), false);
  await scaling.wake("search");

  facts.resize = async () => {};
  await pass(62);
  assert.equal(copies(), 0);
  facts.resize = () => Promise.reject(new KerfError("start_failed", "It cannot be loaded."));
  await assert.rejects(scaling.wake("search"), { code: "start_failed" });
  assert.deepEqual(
    audit.map(({ after, result }) => [(after as { copies: number }).copies, result]),
    [
      [0, "done"],
      [1, "done"],
      [0, "done"],
      [1, "start_failed"],
    ],
  );
  scaling.stop();
});

test("what follows events sleeps once it is known to have read them, and those that wait wake it", async () => {
  const { audit, copies, facts, pass, scaling } = await stage();
  facts.lag = { events: 0, isKnown: false, hasMoved: false };
  // As who took over finds it.
  scaling.begin(new Map());
  scaling.start();
  await pass(200);
  assert.equal(copies(), 1);
  assert.match(scaling.statusOf("search").scaling?.why ?? "", /does not sleep: how far it has/);
  facts.lag = { events: 0, isKnown: true, hasMoved: true };
  await pass(200);
  assert.equal(copies(), 1, "it reads");
  facts.lag = { events: 0, isKnown: true, hasMoved: false };
  await pass(62);
  assert.equal(copies(), 0);
  facts.lag = { events: 2, isKnown: true, hasMoved: false };
  await pass(1);
  assert.equal(copies(), 1);
  await pass(200);
  assert.equal(copies(), 1, "it has not read them yet");
  assert.deepEqual(
    audit.map(({ why }) => why),
    ["nothing to do for 60 s", "events wait: 2"],
  );
  scaling.stop();
});

test("a call does not wait for a change of what it wakes; a platform that stops lets go of it", async () => {
  const { copies, facts, scaling } = await stage();
  scaling.begin(new Map());
  assert.equal(copies(), 0);
  // Before the platform is ready it only waits.
  const call = scaling.wake("search");
  facts.isChanging = true;
  scaling.start();
  await call;
  assert.equal(copies(), 1);
  await scaling.wake("search");
  scaling.stop();

  const { scaling: stopping } = await stage();
  stopping.begin(new Map());
  const late = assert.rejects(stopping.wake("search"), { code: "cancelled" });
  stopping.stop();
  await late;
});

test("a platform goes on with what runs, and what works by itself does not sleep", async () => {
  const { copies, deployed, scaling } = await stage();
  scaling.begin(new Map([["search", 5]]));
  assert.equal(copies(), 5);
  assert.equal(keptAwake(deployed.current, "search"), undefined);
  assert.match(keptAwake(deployed.current, "orders") ?? "", /orders runs its sagas checkout/);
  // Joined with what has sagas it may sleep no more, whatever was said.
  const units = { search: ["search", "orders"] };
  deployed.place({ ...deployed.current, units }, ["search"]);
  assert.equal(scaling.statusOf("search").scaling?.min, 1);
  assert.match(scaling.statusOf("search").scaling?.why ?? "", /does not sleep: orders runs/);
});
