import assert from "node:assert/strict";
import { test } from "node:test";
import { type KerfError, ManualClock } from "@kerf/kernel";
import type { Exit, Running } from "../runtimes/runtime.ts";
import type { InstanceRecord } from "../state/instance-records.ts";
import { explainEnd } from "./explain-end.ts";
import { Instance, type InstanceEnd } from "./instance.ts";
import { Slot } from "./slot.ts";
import { MemoryLimits } from "./memory-limits.ts";

const megabyte = 1_048_576;

/** A place whose copies do what the test says, on a clock moved by hand. */
class Stage {
  readonly clock = new ManualClock();
  readonly launched: Instance[] = [];
  readonly ends: InstanceEnd[] = [];
  readonly problems: KerfError[] = [];
  readonly memory = new Map<string, number>();
  readonly slot: Slot;
  readonly limits: MemoryLimits;

  constructor() {
    this.slot = new Slot("orders-1", "orders", {
      clock: this.clock,
      launch: () => this.#launch(),
      changed: () => {},
      failed: async (_slot, instance, end) => {
        this.ends.push(end);
        return (await explainEnd(instance, end)).error;
      },
      acknowledged: () => Promise.resolve(),
    });
    this.limits = new MemoryLimits({
      clock: this.clock,
      slots: () => [this.slot],
      load: (instance) => {
        const residentBytes = this.memory.get(instance);
        return residentBytes === undefined ? undefined : { residentBytes };
      },
      limit: () => 200 * megabyte,
      problem: (error) => void this.problems.push(error),
    });
  }

  /** A copy runs and is watched. */
  async start(): Promise<Instance> {
    void this.slot.start();
    await this.clock.advance(0);
    const first = this.launched[0] as Instance;
    this.attach(first);
    this.limits.start();
    return first;
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

test("a copy that uses more memory than it may is exchanged, the new one first", async () => {
  const stage = new Stage();
  const big = await stage.start();
  stage.memory.set(big.id, 210 * megabyte);
  await stage.clock.advance(20_000);
  assert.equal(stage.launched.length, 1, "it may be so from the start: nothing is gained then");
  await stage.clock.advance(15_000);
  assert.equal(stage.launched.length, 2);
  assert.equal(big.state, "ready", "it serves until the new one is ready");
  assert.equal(stage.problems.length, 1);
  assert.match(stage.problems[0]?.message ?? "", /uses 210 MB of memory and may use 200 MB/);
  stage.attach(stage.launched[1] as Instance);
  await stage.clock.advance(5_000);
  assert.equal(big.state, "stopped");
  assert.equal(stage.slot.current, stage.launched[1]);
  assert.equal(stage.slot.restarts, 0);
});

test("a copy that is far over its limit is ended at once", async () => {
  const stage = new Stage();
  const big = await stage.start();
  stage.memory.set(big.id, 260 * megabyte);
  await stage.clock.advance(3_000);
  assert.equal(big.state, "stopped");
  assert.equal(stage.ends[0]?.reason, "memory");
  const { error } = await explainEnd(big, await big.whenEnded);
  assert.match(error.message, /it used 260 MB of memory and may use 200 MB/);
  assert.equal(stage.launched.length, 2);
});
