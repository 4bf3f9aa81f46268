import assert from "node:assert/strict";
import { test } from "node:test";
import type { QueryPolicies } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { FarSide } from "../testing/far-side.ts";
import { neighbourhood } from "../testing/neighbourhood.ts";
import { shelfService } from "../testing/shelf.ts";

function asking(policies: QueryPolicies) {
  const side = new FarSide("a");
  const made = neighbourhood(shelfService(), { far: true, discovery: side, connect: side.connect });
  const ask = (id: string, subject?: string, deadlineMs = 5_000) => {
    const principal = subject === undefined ? undefined : { subject, claims: {} };
    const context = made.context({ deadlineMs, principal });
    const call = made.caller.send({
      service: "shelf",
      operation: "get",
      kind: "query",
      input: { id },
      context,
      tuned: { policies },
    }) as Promise<unknown>;
    return { call, context };
  };
  return { ...made, side, ask };
}

test("an answer is kept for as long as the contract says, and each caller gets an object of its own", async () => {
  const { ask, clock, side } = asking({ cache: { ttlMs: 1_000, for: "everyone" } });
  side.behaviour = (arrived) => arrived.answer({ n: side.arrived.length });
  const first = (await ask("a").call) as { n: number };
  first.n = 99;
  assert.deepEqual(await ask("a").call, { n: 1 });
  assert.deepEqual(await ask("b").call, { n: 2 });
  await clock.advance(1_001);
  assert.deepEqual(await ask("a").call, { n: 3 });
});

test("what depends on who asks is kept for each of them alone", async () => {
  const { ask, side } = asking({ cache: { ttlMs: 1_000, for: "principal" } });
  side.behaviour = (arrived) =>
    arrived.answer(arrived.request.context.principal?.subject ?? "nobody");
  assert.equal(await ask("a", "ada").call, "ada");
  assert.equal(await ask("a", "ben").call, "ben");
  assert.equal(await ask("a", "ada").call, "ada");
  assert.equal(await ask("a").call, "nobody");
  assert.equal(side.arrived.length, 3);
});

test("equal calls at the same time are one call, errors are not kept", async () => {
  const { ask, side } = asking({ coalesce: true });
  const calls = [ask("a"), ask("a"), ask("b")];
  assert.equal(side.arrived.length, 2);
  side.arrived[0]?.answer({ id: "a" });
  side.arrived[1]?.fail(new KerfError("not_found", "There is no b."));
  assert.deepEqual(await calls[0]?.call, { id: "a" });
  assert.deepEqual(await calls[1]?.call, { id: "a" });
  await assert.rejects(calls[2]?.call as Promise<unknown>, { code: "not_found" });
  const again = ask("b");
  assert.equal(side.arrived.length, 3);
  side.arrived[2]?.answer({ id: "b" });
  await again.call;
});

test("whoever waits for another's answer goes by its own deadline, and asks itself when the other leaves", async () => {
  const { ask, clock, side } = asking({ coalesce: true });
  const leader = ask("a");
  const hurried = ask("a", undefined, 100);
  const patient = ask("a");
  const failed = assert.rejects(hurried.call, { code: "deadline_exceeded" });
  await clock.advance(150);
  await failed;
  const left = assert.rejects(leader.call, { code: "cancelled" });
  leader.context.cancel(new KerfError("cancelled", "Gone."));
  await left;
  await clock.advance(1);
  assert.equal(side.arrived.length, 2);
  side.arrived[1]?.answer({ id: "a" });
  assert.deepEqual(await patient.call, { id: "a" });
});
