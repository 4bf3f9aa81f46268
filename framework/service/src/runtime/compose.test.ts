import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, error, query } from "@kerf/contract";
import { CallContext, DeclaredError, KerfError, ManualClock, TimerWheel } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { z } from "zod";
import type { Compose } from "../declaration/compose.ts";
import { composeIn } from "./compose.ts";

const shelf = contract("shelf", {
  version: "1.0.0",
  operations: {
    titles: query({
      input: z.object({}),
      output: z.object({ titles: z.array(z.string()) }),
      errors: { locked: error() },
    }),
  },
});
type Uses = { shelf: typeof shelf };

function make(callMs = 1_000) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const call = new CallContext({
    clock,
    wheel: new TimerWheel(clock),
    deadline: clock.now() + callMs,
    caller: "client",
  });
  const lives: CallContext[] = [];
  const compose: Compose<Uses> = composeIn(
    call,
    (context) => {
      lives.push(context);
      return { shelf: { titles: () => Promise.resolve({ titles: ["Kerf"] }) } };
    },
    new Logger({ level: "info", sink: (line) => lines.push(line) }),
  );
  return { call, clock, compose, lines, lives };
}

/** Never answers. */
const hanging = (): Promise<number> => new Promise<number>(() => {});

test("parts are got at once, with their types, and nothing is degraded", async () => {
  const { compose, lines, lives } = make();
  const both = Promise.withResolvers<void>();
  const waiting: string[] = [];
  const meet = async (name: string): Promise<void> => {
    if (waiting.push(name) === 2) both.resolve();
    await both.promise;
  };
  const { parts, degraded } = await compose({
    titles: {
      withinMs: 100,
      from: async ({ shelf: { titles } }) => {
        await meet("titles");
        return (await titles({})).titles;
      },
      otherwise: [],
    },
    count: {
      withinMs: 900,
      from: async (_, context) => {
        await meet("count");
        return context.remainingMs;
      },
      otherwise: 0,
    },
  });
  const titles: string[] = parts.titles;
  assert.deepEqual(titles, ["Kerf"]);
  assert.equal(parts.count, 900);
  assert.deepEqual(degraded, []);
  assert.deepEqual(
    lives.map(({ deadline }) => deadline - (lives[0]?.deadline ?? 0)),
    [0, 800],
  );
  assert.deepEqual(lines, []);
});

test("a part that hangs costs its own time, and one that fails costs nothing else", async () => {
  const { clock, compose, lines, lives } = make();
  const page = compose({
    hangs: { withinMs: 100, from: hanging, otherwise: -1 },
    fails: {
      withinMs: 500,
      from: (): number => {
        throw new KerfError("unavailable", "It is down.");
      },
      otherwise: -2,
    },
    works: { withinMs: 500, from: () => 3, otherwise: -3 },
  });
  await clock.advance(130);
  assert.deepEqual(await page, {
    parts: { hangs: -1, fails: -2, works: 3 },
    degraded: ["hangs", "fails"],
  });
  assert.equal(lives[0]?.cancelled?.code, "deadline_exceeded");
  const logged = lines.map((line) => JSON.parse(line) as { part: string; code: string });
  assert.deepEqual(
    new Map(logged.map(({ part, code }) => [part, code])),
    new Map([
      ["fails", "unavailable"],
      ["hangs", "deadline_exceeded"],
    ]),
  );
});

test("what waiting cannot mend is thrown, and ends the other parts", async () => {
  const { compose, lives } = make();
  const declared = new DeclaredError("locked", undefined);
  for (const thrown of [declared, new KerfError("forbidden", "Not declared in uses.")]) {
    lives.length = 0;
    const page = compose({
      hangs: { withinMs: 100, from: hanging, otherwise: 0 },
      fails: { withinMs: 100, from: () => Promise.reject<number>(thrown), otherwise: 0 },
    });
    await assert.rejects(page, { code: thrown.code });
    assert.equal(lives[0]?.cancelled?.code, thrown.code);
  }
});

test("no part outlives the call, and its end is nobody's degraded answer", async () => {
  const { call, clock, compose } = make(100);
  const late = compose({ hangs: { withinMs: 5_000, from: hanging, otherwise: 0 } });
  const failed = assert.rejects(late, { code: "deadline_exceeded" });
  await clock.advance(130);
  await failed;
  assert.equal(call.cancelled?.code, "deadline_exceeded");
});
