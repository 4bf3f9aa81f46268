import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError, ManualClock } from "@kerf/kernel";
import { AttachedPrograms } from "./attached-programs.ts";

const program = { holder: "mine", command: ["node", "a.mjs"], cwd: "/here" };

function make() {
  const clock = new ManualClock();
  const done: string[] = [];
  const stopping = new AbortController();
  const broken = new Set<string | undefined>();
  const attached: AttachedPrograms = new AttachedPrograms({
    clock,
    async replace(unit) {
      const started = attached.of(unit)?.holder;
      if (broken.has(started)) throw new KerfError("start_failed", "It cannot be started.");
      done.push(`replaced by ${started ?? "declared"}`);
    },
    startAnew: async (unit) => void done.push(`started anew ${attached.of(unit)?.holder ?? ""}`),
    stopping: stopping.signal,
    problem: (error) => done.push(error.code),
  });
  return { attached, broken, clock, done, stopping };
}

test("a program stays for as long as its holder says so, and 10 s more", async () => {
  const { attached, clock, done } = make();
  await attached.attach("maps", program);
  await clock.advance(9_000);
  await attached.attach("maps", program);
  await clock.advance(9_000);
  assert.deepEqual(attached.of("maps"), program);
  await clock.advance(1_001);
  assert.equal(attached.of("maps"), undefined);
  assert.deepEqual(done, ["replaced by mine", "replaced by declared"]);
  assert.equal(clock.waiting, 0);
});

test("one at a time, and only its holder ends it", async () => {
  const { attached, done } = make();
  await attached.attach("maps", program);
  await assert.rejects(attached.attach("maps", { ...program, holder: "other" }), {
    code: "conflict",
  });
  await attached.detach("maps", "other");
  assert.deepEqual(attached.of("maps"), program);
  await attached.detach("maps", "mine");
  assert.equal(attached.of("maps"), undefined);
  assert.deepEqual(done, ["replaced by mine", "replaced by declared"]);
});

test("one that cannot be started leaves the declared program where it was", async () => {
  const { attached, broken, clock, done } = make();
  broken.add("mine");
  await assert.rejects(attached.attach("maps", program), { code: "start_failed" });
  assert.equal(attached.of("maps"), undefined);
  assert.deepEqual(done, ["replaced by declared"]);
  assert.equal(clock.waiting, 0);
});

test("it ends although the declared program cannot take its place", async () => {
  const { attached, broken, done } = make();
  await attached.attach("maps", program);
  broken.add(undefined);
  await attached.detach("maps", "mine");
  assert.deepEqual(done, ["replaced by mine", "started anew "]);
});

test("one of an earlier platform is held on to, and nothing is started any more by one that stops", async () => {
  const { attached, clock, done, stopping } = make();
  attached.restore("maps", program);
  await attached.attach("maps", program);
  assert.deepEqual(done, []);
  stopping.abort();
  await clock.advance(10_001);
  assert.equal(attached.of("maps"), undefined);
  assert.deepEqual(done, []);
});
