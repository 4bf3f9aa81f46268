import assert from "node:assert/strict";
import { test } from "node:test";
import type { LifecycleState } from "@kerf/kernel";
import { KerfError, ManualClock } from "@kerf/kernel";
import type { Exit, Running } from "../runtimes/runtime.ts";
import type { InstanceRecord } from "../state/instance-records.ts";
import { HeldBack } from "./held-back.ts";
import { Instance, type InstanceEnd } from "./instance.ts";
import { isSuperseded, Slot } from "./slot.ts";

/** A process that does what the test says. */
class Process implements Running {
  readonly reference = undefined;
  readonly pid: number;
  readonly #exited = Promise.withResolvers<Exit>();
  readonly exited = this.#exited.promise;
  terminated = 0;

  constructor(pid: number) {
    this.pid = pid;
  }
  end(exit: Exit): void {
    this.#exited.resolve(exit);
  }
  terminate(): void {
    this.terminated++;
  }
  kill(): void {
    this.end({ kind: "signal", signal: "SIGKILL" });
  }
}

function recordOf(id: string): InstanceRecord {
  return {
    id,
    unit: "orders",
    slot: "orders-1",
    services: ["orders"],
    heldBack: [],
    appModule: "/app.ts",
    token: "token",
    address: "unix:/x.sock",
    logFile: "/x.log",
    logFrom: 0,
    ready: false,
    startedAt: 0,
    reference: undefined,
  };
}

/** A slot on a clock moved by hand, whose processes the test plays. */
class Stage {
  readonly clock = new ManualClock();
  readonly processes: Process[] = [];
  readonly instances: Instance[] = [];
  readonly reported: InstanceEnd[] = [];
  acknowledge: Promise<void> = Promise.resolve();
  readonly slot: Slot;

  constructor() {
    this.slot = new Slot("orders-1", "orders", {
      clock: this.clock,
      launch: () => this.#launch(),
      changed: () => {},
      failed: async (_slot, _instance, end, report) => {
        if (report) this.reported.push(end);
        return new KerfError("start_failed", "It ended.");
      },
      acknowledged: () => this.acknowledge,
    });
  }

  #launch(): Instance {
    const process = new Process(this.processes.length + 100);
    this.processes.push(process);
    const instance = new Instance({
      record: recordOf(`orders-${this.processes.length}`),
      running: Promise.resolve(process),
      clock: this.clock,
      onChange: () => {},
    });
    this.instances.push(instance);
    return instance;
  }

  /** The n-th process attaches. */
  attach(n: number, state: LifecycleState = "ready"): void {
    const { id: instance, unit, record } = this.instances[n] as Instance;
    const { token, address } = record;
    this.instances[n]?.attach({ instance, unit, token, address, state, pid: 100 + n, files: [] });
  }

  process(n: number): Process {
    return this.processes[n] as Process;
  }

  /** Starts it and lets it get ready. */
  async ready(): Promise<void> {
    const started = this.slot.start();
    await this.clock.advance(1);
    this.attach(this.instances.length - 1);
    await started;
  }
}

const crash: Exit = { kind: "code", code: 70 };

test("what ends is started again: at once, then later and later, and called a crash loop", async () => {
  const stage = new Stage();
  void stage.slot.start();
  await stage.clock.advance(0);
  assert.equal(stage.slot.state, "starting");
  const states: string[] = [];
  for (const wait of [0, 100, 200, 400]) {
    stage.processes.at(-1)?.end(crash);
    const before = stage.processes.length;
    if (wait > 0) {
      await stage.clock.advance(wait - 1);
      states.push(stage.slot.state);
      assert.equal(stage.processes.length, before, `not before ${wait} ms`);
      await stage.clock.advance(1);
    } else await stage.clock.advance(0);
    assert.equal(stage.processes.length, before + 1);
  }
  assert.deepEqual(states, ["restarting", "crashed", "crashed"]);
  assert.equal(stage.slot.restarts, 4);
  assert.equal(
    stage.reported.length,
    2,
    "the first end and the loop are worth telling, not each round",
  );
  assert.equal(stage.slot.lastError?.code, "start_failed");
  stage.attach(stage.instances.length - 1);
  await stage.clock.advance(0);
  assert.equal(stage.slot.state, "ready");
  assert.equal(stage.slot.lastError, undefined);
  assert.equal(stage.slot.lastEnd?.error.code, "start_failed", "why there is a new one stays");
});

test("a copy that is not ready in 30 s is ended and reported", async () => {
  const stage = new Stage();
  void stage.slot.start();
  await stage.clock.advance(0);
  stage.attach(0, "starting");
  await stage.clock.advance(29_999);
  assert.equal(stage.slot.state, "starting");
  await stage.clock.advance(1);
  assert.deepEqual(stage.reported[0]?.reason, "not-ready");
  assert.equal(stage.processes.length, 2);
});

test("the new copy serves before the old one is asked to go, once routers know it", async () => {
  const stage = new Stage();
  await stage.ready();
  const acknowledged = Promise.withResolvers<void>();
  stage.acknowledge = acknowledged.promise;
  const replaced = stage.slot.replace();
  await stage.clock.advance(0);
  assert.deepEqual(stage.slot.routable, [stage.instances[0]], "the new one is not ready yet");
  stage.attach(1);
  assert.equal(await replaced, stage.instances[1]);
  assert.deepEqual(
    stage.slot.routable.map(({ id, state }) => [id, state]),
    [
      ["orders-2", "ready"],
      ["orders-1", "draining"],
    ],
  );
  await stage.clock.advance(0);
  assert.equal(stage.process(0).terminated, 0);
  acknowledged.resolve();
  await stage.clock.advance(0);
  assert.equal(stage.process(0).terminated, 1);
  stage.process(0).end({ kind: "code", code: 0 });
  await stage.clock.advance(0);
  assert.deepEqual(stage.slot.instances, [stage.instances[1]]);
  assert.equal(stage.slot.restarts, 0);
  assert.deepEqual(stage.reported, []);
});

test("a new copy that does not get ready changes nothing", async () => {
  const stage = new Stage();
  await stage.ready();
  const replaced = stage.slot.replace();
  await stage.clock.advance(0);
  stage.process(1).end(crash);
  await assert.rejects(replaced, /It ended/);
  assert.equal(stage.slot.current, stage.instances[0]);
  assert.equal(stage.slot.state, "ready");
  assert.equal(stage.reported.length, 1);
});

test("the new copy waits for its gate, and goes when the gate does not open", async () => {
  const stage = new Stage();
  await stage.ready();
  const gate = Promise.withResolvers<void>();
  const replaced = stage.slot.replace(gate.promise);
  await stage.clock.advance(0);
  stage.attach(1);
  await stage.clock.advance(0);
  assert.equal(stage.slot.current, stage.instances[0]);
  gate.reject(new KerfError("migration_failed", "0002_broken.sql failed"));
  await assert.rejects(replaced, /0002_broken/);
  assert.equal(stage.slot.current, stage.instances[0]);
  await stage.clock.advance(0);
  assert.equal(stage.instances[1]?.state, "stopped");
});

test("a newer exchange takes the place of one that is under way", async () => {
  const stage = new Stage();
  await stage.ready();
  const first = stage.slot.replace();
  await stage.clock.advance(0);
  const second = stage.slot.replace();
  await assert.rejects(first, isSuperseded);
  stage.attach(2);
  assert.equal(await second, stage.instances[2]);
  assert.equal(stage.instances[1]?.state, "stopped");
  assert.deepEqual(stage.reported, []);
});

test("a lost connection takes a copy out of routing; attaching again brings it back", async () => {
  const stage = new Stage();
  await stage.ready();
  stage.instances[0]?.detach();
  await stage.clock.advance(249);
  assert.equal(stage.slot.routable.length, 1);
  await stage.clock.advance(1);
  assert.equal(stage.slot.routable.length, 0);
  assert.equal(stage.slot.state, "restarting");
  assert.equal(stage.slot.silent, stage.instances[0]);
  stage.attach(0);
  assert.equal(stage.slot.silent, undefined);
  assert.equal(stage.slot.routable.length, 1);
  assert.equal(stage.slot.state, "ready");
  assert.equal(stage.processes.length, 1);
});

test("a process that lives but stays away for 10 s counts as hung, and is replaced", async () => {
  const stage = new Stage();
  await stage.ready();
  stage.instances[0]?.detach();
  await stage.clock.advance(250 + 10_000);
  assert.equal(stage.reported[0]?.reason, "unreachable");
  assert.equal(stage.processes.length, 2);
});

test("a copy that served under the platform before is routed to until it proves to be away", async () => {
  const stage = new Stage();
  const process = new Process(7);
  const instance = new Instance({
    record: { ...recordOf("orders-0"), ready: true },
    running: Promise.resolve(process),
    clock: stage.clock,
    adopted: true,
    onChange: () => {},
  });
  stage.slot.adopt(instance);
  await stage.clock.advance(9_999);
  assert.deepEqual(stage.slot.routable, [instance]);
  await stage.clock.advance(1);
  assert.equal(stage.reported[0]?.reason, "unreachable");
  assert.equal(stage.processes.length, 1, "a new one is started");
});

test("what waits for another try is started at once when what was wrong is over", async () => {
  const stage = new Stage();
  void stage.slot.start();
  for (const waitMs of [0, 100, 200, 400, 800]) {
    await stage.clock.advance(waitMs);
    stage.process(stage.processes.length - 1).end(crash);
    await stage.clock.advance(0);
  }
  assert.deepEqual([stage.processes.length, stage.slot.state], [5, "crashed"]);
  stage.slot.hurry();
  assert.deepEqual([stage.processes.length, stage.slot.state], [6, "starting"]);
  stage.slot.hurry();
  assert.equal(stage.processes.length, 6);
});

test("what is held back is not tried again until someone starts it", async () => {
  const stage = new Stage();
  void stage.slot.start();
  await stage.clock.advance(0);
  const cause = new KerfError("migration_failed", "0002_broken.sql failed");
  stage.process(0).end({ kind: "failed", error: new HeldBack(cause) });
  await stage.clock.advance(60_000);
  assert.equal(stage.processes.length, 1);
  assert.equal(stage.slot.heldBack, true);
  assert.equal(stage.slot.state, "stopped");
  assert.deepEqual(stage.reported, []);
  await stage.ready();
  assert.equal(stage.slot.state, "ready");
});

test("stopping is bounded, and nothing is started again", async () => {
  const stage = new Stage();
  await stage.ready();
  const stopped = stage.slot.stop(2_000);
  await stage.clock.advance(1_999);
  assert.equal(stage.slot.state, "draining");
  assert.equal(stage.process(0).terminated, 1);
  await stage.clock.advance(1);
  await stopped;
  await stage.clock.advance(60_000);
  assert.equal(stage.processes.length, 1);
  assert.equal(stage.slot.state, "stopped");
});

test("a copy of the platform before is gone on with, another one beside it drained", async () => {
  const stage = new Stage();
  await stage.ready();
  const other = new Stage();
  await other.ready();
  stage.slot.adopt(other.instances[0] as Instance);
  await stage.clock.advance(0);
  assert.equal(stage.slot.current, stage.instances[0]);
  assert.equal(other.process(0).terminated, 1);
});
