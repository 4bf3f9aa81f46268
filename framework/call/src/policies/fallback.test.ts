import assert from "node:assert/strict";
import { test } from "node:test";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { FarSide } from "../testing/far-side.ts";
import { neighbourhood } from "../testing/neighbourhood.ts";
import { shelf, shelfService } from "../testing/shelf.ts";

function asking() {
  const side = new FarSide("a");
  const made = neighbourhood(shelfService(), { far: true, discovery: side, connect: side.connect });
  const bound = made.caller.bind(shelf, {
    caller: "reader",
    optional: true,
    fallback: { get: ({ id }: { id: string }) => ({ id, title: "unknown" }) },
  });
  return { ...made, side, bound };
}

test("a service that cannot be had is answered for by its caller", async () => {
  const { bound, context, side, clock, lines } = asking();
  side.behaviour = (arrived) => arrived.fail(new KerfError("connection_lost", "Gone."));
  const call = bound(context()).get({ id: "a" });
  await clock.advance(500);
  assert.deepEqual(await call, { id: "a", title: "unknown" });
  assert.ok(lines.some(({ message }) => String(message).includes("fallback")));
});

test("answers, mistakes and calls that are over are not covered up", async () => {
  const { bound, context, side } = asking();
  side.behaviour = (arrived) => arrived.fail(new DeclaredError("notFound", { id: "a" }));
  await assert.rejects(bound(context()).get({ id: "a" }), { code: "notFound" });
  side.behaviour = (arrived) => arrived.fail(new KerfError("forbidden", "No."));
  await assert.rejects(bound(context()).get({ id: "a" }), { code: "forbidden" });
  side.behaviour = undefined;
  const over = context();
  const call = assert.rejects(bound(over).get({ id: "a" }), { code: "cancelled" });
  over.cancel(new KerfError("cancelled", "The client left."));
  await call;
});
