import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, type KerfError, ManualClock } from "@kerf/kernel";
import type { Exit, Running } from "../runtimes/runtime.ts";
import type { InstanceRecord } from "../state/instance-records.ts";
import { explainEnd } from "./explain-end.ts";
import { Instance, type InstanceEnd } from "./instance.ts";
import { Slot } from "./slot.ts";
import { hungBoundMs, VitalSigns } from "./vital-signs.ts";

const megabyte = 1_048_576;

/** Places whose copies do what the test says, on a clock moved by hand. */
class Stage {
  readonly manual = new ManualClock();
  /** Time in which nothing ran, no timer either. */
  skippedMs = 0;
  readonly clock: Clock = {
    now: () => this.manual.now() + this.skippedMs,
    wall: () => this.manual.wall() + this.skippedMs,
    after: (ms, fn) => this.manual.after(ms, fn),
  };
  readonly launched: Instance[] = [];
  readonly ends: InstanceEnd[] = [];
  readonly problems: KerfError[] = [];
  readonly memory = new Map<string, number>();
  readonly slots: Slot[];
  readonly signs: VitalSigns;
  #breathing = new Set<Instance>();

  constructor(slots: number) {
    this.slots = Array.from(
      { length: slots },
      (_, index) =>
        new Slot(`orders-${index + 1}`, "orders", {
          clock: this.clock,
          launch: () => this.#launch(),
          changed: () => {},
          failed: async (_slot, instance, end) => {
            this.ends.push(end);
            return (await explainEnd(instance, end)).error;
          },
          acknowledged: () => Promise.resolve(),
        }),
    );
    this.signs = new VitalSigns({
      clock: this.clock,
      slots: () => this.slots,
      load: (instance) => {
        const residentBytes = this.memory.get(instance);
        return residentBytes === undefined
          ? undefined
          : ({ residentBytes } as ReturnType<ConstructorParameters<typeof VitalSigns>[0]["load"]>);
      },
      memoryLimit: () => 200 * megabyte,
      problem: (error) => void this.problems.push(error),
    });
  }

  /** Everything runs, says so, and is watched. */
  async start(): Promise<void> {
    for (const slot of this.slots) void slot.start();
    await this.manual.advance(0);
    for (const instance of this.launched) this.attach(instance);
    this.signs.start();
  }

  attach(instance: Instance): void {
    const { id, unit } = instance;
    instance.attach({
      instance: id,
      unit,
      token: "",
      address: "",
      state: "ready",
      pid: 1,
      files: [],
    });
    instance.breathes();
    this.#breathing.add(instance);
  }

  /** It says nothing from now on. */
  silence(instance: Instance): void {
    this.#breathing.delete(instance);
  }

  /** Time passes, in which everyone says something each second who does. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      for (const instance of this.#breathing) instance.breathes();
      await this.manual.advance(1_000);
    }
  }

  #launch(): Instance {
    const exited = Promise.withResolvers<Exit>();
    const kill = (): void => exited.resolve({ kind: "signal", signal: "SIGKILL" });
    const running: Running = {
      reference: undefined,
      pid: 100 + this.launched.length,
      exited: exited.promise,
      terminate: () => exited.resolve({ kind: "code", code: 0 }),
      kill,
    };
    const record: InstanceRecord = {
      id: `orders-${this.launched.length}`,
      unit: "orders",
      slot: "orders-1",
      services: [],
      heldBack: [],
      appModule: "/app.ts",
      token: "",
      address: "",
      logFile: "/nowhere.log",
      logFrom: 0,
      ready: false,
      startedAt: 0,
      reference: undefined,
    };
    const instance = new Instance({
      record,
      running: Promise.resolve(running),
      clock: this.clock,
      onChange: () => {},
    });
    this.launched.push(instance);
    return instance;
  }
}

test("a copy that says nothing any more is ended, and another one started in its place", async () => {
  const stage = new Stage(2);
  await stage.start();
  const [hung, well] = stage.launched as [Instance, Instance];
  await stage.pass(60_000);
  assert.equal(stage.ends.length, 0);
  stage.silence(hung);
  await stage.pass(hungBoundMs - 2_000);
  assert.equal(hung.state, "ready");
  await stage.pass(4_000);
  assert.equal(hung.state, "stopped");
  assert.equal(well.state, "ready");
  assert.equal(stage.launched.length, 3);
  assert.equal(stage.ends[0]?.reason, "hung");
  assert.match((await explainEnd(hung, await hung.whenEnded)).error.message, /hung .* for 15 s/);
});

test("a platform that stood still itself, as on a machine that slept, ends nobody who says something soon", async () => {
  const stage = new Stage(2);
  await stage.start();
  const [well, hung] = stage.launched as [Instance, Instance];
  await stage.pass(10_000);
  stage.silence(hung);
  stage.silence(well);
  stage.skippedMs += 60_000;
  await stage.pass(3_000);
  stage.attach(well);
  await stage.pass(hungBoundMs - 5_000);
  assert.equal(stage.ends.length, 0);
  await stage.pass(8_000);
  assert.equal(well.state, "ready");
  assert.equal(hung.state, "stopped");
});

test("a platform that hears hardly anybody any more ends nobody", async () => {
  const stage = new Stage(4);
  await stage.start();
  const [one, other, third] = stage.launched as [Instance, Instance, Instance];
  for (const instance of [one, other, third]) stage.silence(instance);
  await stage.pass(60_000);
  assert.equal(stage.ends.length, 0);
  stage.attach(one);
  stage.attach(other);
  await stage.pass(10_000);
  assert.equal(third.state, "stopped");
  assert.equal(stage.ends.length, 1);
});

test("a copy that uses more memory than it may is exchanged, the new one first", async () => {
  const stage = new Stage(1);
  await stage.start();
  const [big] = stage.launched as [Instance];
  stage.memory.set(big.id, 210 * megabyte);
  await stage.pass(20_000);
  assert.equal(stage.launched.length, 1, "it may be so from the start: nothing is gained then");
  await stage.pass(15_000);
  assert.equal(stage.launched.length, 2);
  assert.equal(big.state, "ready", "it serves until the new one is ready");
  assert.equal(stage.problems.length, 1);
  assert.match(stage.problems[0]?.message ?? "", /uses 210 MB of memory and may use 200 MB/);
  stage.attach(stage.launched[1] as Instance);
  await stage.pass(5_000);
  assert.equal(big.state, "stopped");
  assert.equal(stage.slots[0]?.current, stage.launched[1]);
  assert.equal(stage.slots[0]?.restarts, 0);
});

test("a copy that is far over its limit is ended at once", async () => {
  const stage = new Stage(1);
  await stage.start();
  const [big] = stage.launched as [Instance];
  stage.memory.set(big.id, 260 * megabyte);
  await stage.pass(3_000);
  assert.equal(big.state, "stopped");
  assert.equal(stage.ends[0]?.reason, "memory");
  assert.match(stage.slots[0]?.lastError?.message ?? "", /more than 120 % of the memory/);
  assert.equal(stage.launched.length, 2);
});
