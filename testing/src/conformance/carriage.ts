import assert from "node:assert/strict";
import { test } from "node:test";
import { Trace } from "@kerf/kernel";
import type { StartProbe } from "./start-probe.ts";

const ask = { service: "probe", operation: "ask" } as const;

/** What travels with a call, and what must not. */
export function carriage(start: StartProbe): void {
  test("caller, principal, key and trace arrive unchanged", async (t) => {
    const { transport, probe } = await start(t, {
      ask: ({ context }) => ({
        caller: context.caller,
        subject: context.principal?.subject ?? null,
        token: context.principalToken ?? null,
        key: context.idempotencyKey ?? null,
        trace: {
          traceId: context.trace.traceId,
          spanId: context.trace.spanId,
          sampled: context.trace.sampled,
          state: context.trace.state ?? null,
        },
      }),
    });
    const trace = {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      sampled: true,
      state: "vendor=é,other=1",
    };
    const full = probe.context({
      caller: "gateway:web",
      principalToken: "ada.token-é",
      idempotencyKey: "key-✓",
      trace: Trace.of(trace),
    });
    assert.deepEqual(await transport.call({ ...ask, input: 1, context: full }), {
      caller: "gateway:web",
      subject: "ada.token-é",
      token: "ada.token-é",
      key: "key-✓",
      trace,
    });
    const bare = probe.context({ trace: Trace.of({ ...trace, sampled: false, state: undefined }) });
    assert.deepEqual(await transport.call({ ...ask, input: 1, context: bare }), {
      caller: "tester",
      subject: null,
      token: null,
      key: null,
      trace: { ...trace, sampled: false, state: null },
    });
  });

  test("a thousand principals in turn are never taken for one another", async (t) => {
    const { transport, probe } = await start(t, {
      ask: ({ context }) => context.principal?.subject,
    });
    for (let round = 0; round < 2; round++) {
      const said = await Promise.all(
        Array.from({ length: 1000 }, (_, n) => {
          const context = probe.context({
            principalToken: `user-${n}`,
            caller: `caller-${n % 300}`,
          });
          return transport.call({ ...ask, input: n, context });
        }),
      );
      assert.deepEqual(
        said,
        Array.from({ length: 1000 }, (_, n) => `user-${n}`),
      );
    }
  });

  test("neither side can reach the other's values", async (t) => {
    const kept: { input?: { list: number[] }; answer: { list: number[] } } = {
      answer: { list: [1] },
    };
    const { transport, probe } = await start(t, {
      ask: ({ input }) => {
        kept.input = input as { list: number[] };
        return kept.answer;
      },
    });
    const input = { list: [1] };
    const answer = (await transport.call({ ...ask, input, context: probe.context() })) as {
      list: number[];
    };
    input.list.push(2);
    kept.answer.list.push(2);
    assert.deepEqual(kept.input?.list, [1]);
    assert.deepEqual(answer.list, [1]);
  });
}
