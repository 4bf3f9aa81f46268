import assert from "node:assert/strict";
import { test } from "node:test";
import type { StartProbe } from "./start-probe.ts";

const ask = { service: "probe", operation: "ask" } as const;

/** What comes back, of whatever size, script and number. */
export function answers(start: StartProbe): void {
  test("an answer comes back as the handler gave it", async (t) => {
    const { transport, probe } = await start(t, { ask: ({ input }) => ({ got: input }) });
    const input = { text: "a", list: [1, 2.5, -3e-7], deep: { none: null, yes: true } };
    const answer = await transport.call({ ...ask, input, context: probe.context() });
    assert.deepEqual(answer, { got: input });
    assert.equal(transport.inFlight, 0);
  });

  test("every JSON value travels, and nothing at all too", async (t) => {
    const { transport, probe } = await start(t, { act: ({ input }) => input });
    for (const input of [null, true, false, 0, "", "x", [], {}, [[null]], 1e21]) {
      const answer = await transport.call({
        service: "probe",
        operation: "act",
        input,
        context: probe.context(),
      });
      assert.deepEqual(answer, input);
    }
  });

  test("text travels whatever its script", async (t) => {
    const { transport, probe } = await start(t, { ask: ({ input }) => input });
    const text = 'é ß 漢字 😀 עברית \u0000 \u2028 \ud83d\udc69\u200d\ud83d\ude80 "\\ \ud800';
    assert.equal(await transport.call({ ...ask, input: text, context: probe.context() }), text);
  });

  test("a payload of megabytes travels both ways", async (t) => {
    const { transport, probe } = await start(t, { ask: ({ input }) => input });
    const input = {
      text: "häuser ".repeat(400_000),
      list: Array.from({ length: 50_000 }, (_, n) => n),
    };
    assert.deepEqual(await transport.call({ ...ask, input, context: probe.context() }), input);
  });

  test("many calls at once each get their own answer, in whatever order they end", async (t) => {
    const held: (() => void)[] = [];
    const all = Promise.withResolvers<void>();
    const { transport, probe } = await start(t, {
      ask: ({ input }) =>
        new Promise((resolve) => {
          held.push(() => resolve(input));
          if (held.length === 500) all.resolve();
        }),
    });
    const calls = Array.from({ length: 500 }, (_, n) =>
      transport.call({ ...ask, input: n, context: probe.context() }),
    );
    await all.promise;
    assert.equal(transport.inFlight, 500);
    for (const release of held.reverse()) release();
    assert.deepEqual(
      await Promise.all(calls),
      Array.from({ length: 500 }, (_, n) => n),
    );
    assert.equal(transport.inFlight, 0);
  });
}
