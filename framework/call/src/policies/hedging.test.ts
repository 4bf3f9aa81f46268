import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { FarSide } from "../testing/far-side.ts";
import { neighbourhood } from "../testing/neighbourhood.ts";
import { shelfService } from "../testing/shelf.ts";

const lost = new KerfError("connection_lost", "The connection ended.");

/** A hedged query at two instances, whose usual time of 10 ms has been measured. */
async function measured(kind: "query" | "command" = "query") {
  const side = new FarSide("a", "b");
  const made = neighbourhood(shelfService(), { far: true, discovery: side, connect: side.connect });
  const { caller, clock, context } = made;
  const send = () =>
    caller.send({
      service: "shelf",
      operation: "get",
      kind,
      input: { id: "a" },
      context: context({ deadlineMs: 5_000 }),
      tuned: { policies: { hedge: true } },
    }) as Promise<unknown>;
  for (let n = 0; n < 30; n++) {
    const call = send();
    await clock.advance(10);
    side.arrived.at(-1)?.answer("measured");
    await call;
  }
  side.arrived.length = 0;
  return { ...made, side, send };
}

test("a query that takes longer than nearly all others is sent to another instance too; the first answer counts", async () => {
  const { clock, send, side } = await measured();
  const call = send();
  await clock.advance(5);
  assert.equal(side.arrived.length, 1);
  await clock.advance(20);
  assert.equal(side.arrived.length, 2);
  assert.notEqual(side.arrived[0]?.address, side.arrived[1]?.address);
  side.arrived[1]?.answer("from the other");
  assert.equal(await call, "from the other");
  assert.equal(side.arrived[0]?.request.context.cancelled?.code, "cancelled");
  assert.equal(side.transport("a").inFlight + side.transport("b").inFlight, 0);
});

test("when the first one answers after all, the other is cancelled", async () => {
  const { clock, send, side } = await measured();
  const call = send();
  await clock.advance(25);
  side.arrived[0]?.answer("from the first");
  assert.equal(await call, "from the first");
  assert.equal(side.arrived[1]?.request.context.cancelled?.code, "cancelled");
});

test("one that fails waits for the other, and only when both have failed is it sent again", async () => {
  const { clock, send, side } = await measured();
  const call = send();
  await clock.advance(25);
  side.arrived[0]?.fail(lost);
  await clock.advance(10);
  assert.equal(side.arrived.length, 2);
  side.arrived[1]?.fail(lost);
  await clock.advance(300);
  // The third and last attempt: no more than three are ever sent.
  assert.equal(side.arrived.length, 3);
  await clock.advance(100);
  assert.equal(side.arrived.length, 3);
  side.arrived[2]?.answer("at last");
  assert.equal(await call, "at last");
});

test("a command is never sent twice at once, nor a query that has nowhere else to go", async () => {
  const command = await measured("command");
  const put = command.send();
  await command.clock.advance(40);
  assert.equal(command.side.arrived.length, 1);
  command.side.arrived[0]?.answer("done");
  await put;

  const query = await measured();
  query.side.place("a");
  const get = query.send();
  await query.clock.advance(25);
  assert.equal(query.side.arrived.length, 1);
  query.side.arrived[0]?.answer("alone");
  assert.equal(await get, "alone");
});

test("what is sent beside is paid from the retry budget", async () => {
  const { clock, send, side } = await measured();
  let beside = 0;
  for (let n = 0; n < 400; n++) {
    side.arrived.length = 0;
    const call = send();
    await clock.advance(16);
    beside += side.arrived.length - 1;
    side.arrived[0]?.answer("late");
    await call;
  }
  // Of 430 calls within 10 s 20 %, and 10 a second.
  assert.ok(beside > 0 && beside <= 430 * 0.2 + 100, String(beside));
});
