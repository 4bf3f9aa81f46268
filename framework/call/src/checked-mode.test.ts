import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { neighbourhood } from "./testing/neighbourhood.ts";
import { shelf, shelfService } from "./testing/shelf.ts";

function make(handlers: Parameters<typeof shelfService>[0] = {}) {
  const made = neighbourhood(shelfService(handlers), { checked: true });
  return { ...made, client: made.caller.bind(shelf, { caller: "reader" })(made.context()) };
}

test("what handlers and callers receive is frozen all the way down, what they sent is not", async () => {
  let received: { value: { deep: object } } | undefined;
  const { client } = make({
    anything: async ({ input }) => {
      received = input as typeof received;
      return { value: { deep: { n: 1 } } };
    },
  });
  const sent = { value: { deep: { n: 1 } } };
  const answer = (await client.anything(sent)) as typeof sent;
  assert.ok(Object.isFrozen(received) && Object.isFrozen(received?.value.deep));
  assert.ok(Object.isFrozen(answer) && Object.isFrozen(answer.value.deep));
  assert.ok(!Object.isFrozen(sent.value.deep));
});

for (const value of [new Date(0), [undefined], new Map(), 1n, Number.NaN, new (class Money {})()]) {
  const name = Array.isArray(value)
    ? "undefined in an array"
    : typeof value === "object"
      ? value.constructor.name
      : String(value);
  test(`${name} is refused on the way in, naming its place, and reaches nobody`, async () => {
    let ran = 0;
    const { client } = make({ anything: async () => ({ value: ran++ }) });
    await assert.rejects(
      async () => client.anything({ value: { at: value } }),
      (error: KerfError) => error.code === "invalid_input" && error.message.includes("value.at"),
    );
    assert.equal(ran, 0);
  });

  test(`${name} is refused on the way out, as the service's failure`, async () => {
    const { client } = make({ anything: async () => ({ value: { at: value } }) });
    await assert.rejects(
      async () => client.anything({ value: 1 }),
      (error: KerfError) => error.code === "invalid_output" && error.message.includes("value.at"),
    );
  });
}

test("members that are undefined are left out, as they would be over a wire", async () => {
  const { client } = make();
  assert.deepEqual(await client.anything({ value: { a: undefined, b: 1 } }), { value: { b: 1 } });
});
