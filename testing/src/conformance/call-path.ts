import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Caller, type CallerOptions, StaticDiscovery } from "@kerf/call";
import { type Client, safe } from "@kerf/contract";
import { type CallContext, DeclaredError, KerfError, seededRandom } from "@kerf/kernel";
import { Probe, probeContract, type ProbeHandlers } from "./probe.ts";
import { refusal } from "./start-probe.ts";

/** How a caller reaches the probe: what of its options differs from one distance to the other. */
export interface ReachedProbe {
  readonly reach: Partial<Pick<CallerOptions, "local" | "discovery" | "connect">>;
  readonly close: () => Promise<void> | void;
}

/**
 * Registers the tests of the whole call path, from a typed client to the handler and back, which must say the same at
 * every distance.
 */
export function callPathConformance(
  name: string,
  options: { checked: boolean; reach: (probe: Probe) => Promise<ReachedProbe> },
): void {
  const start = async (t: TestContext, handlers: ProbeHandlers) => {
    const probe = new Probe(handlers, { checked: options.checked });
    const { reach, close } = await options.reach(probe);
    const caller = new Caller({
      clock: probe.clock,
      random: seededRandom(1),
      wheel: probe.wheel,
      log: probe.log,
      discovery: new StaticDiscovery({}),
      connect: () => assert.fail("Nothing is far here."),
      checked: options.checked,
      ...reach,
    });
    const clientFor = caller.bind(probeContract, { caller: "tester" });
    t.after(async () => {
      await caller.stop();
      await close();
      probe.release();
    });
    const client = (context: CallContext = probe.context()): Client<typeof probeContract> =>
      clientFor(context);
    return { probe, client };
  };

  describe(`call path conformance: ${name}`, () => {
    test("a typed client asks, acts and watches", async (t) => {
      const { client } = await start(t, {
        ask: ({ input }) => ({ asked: input }),
        act: ({ input }) => ({ acted: input }),
        async *watch({ after }) {
          for (let n = Number(after ?? 0) + 1; n <= 5; n++) yield { n };
        },
      });
      assert.deepEqual(await client().ask({ id: 1 }), { asked: { id: 1 } });
      assert.deepEqual(await client().act({ id: 2 }), { acted: { id: 2 } });
      const items: unknown[] = [];
      for await (const item of client().watch({}, { after: "2" })) items.push(item);
      assert.deepEqual(items, [{ n: 3 }, { n: 4 }, { n: 5 }]);
    });

    test("a declared error is a value of safe(), everything else is thrown", async (t) => {
      const { client } = await start(t, {
        ask: ({ input }) => {
          if (input === "declared") throw new DeclaredError("soldOut", { left: 0 }, "Sold out.");
          throw new Error("hunter2");
        },
      });
      const said = await safe(client().ask("declared"));
      assert.equal(said.ok, false);
      assert.equal(said.error?.code, "soldOut");
      assert.deepEqual(said.error?.data, { left: 0 });
      const error = await refusal(client().ask("other"));
      assert.equal(error.code, "internal");
      assert.doesNotMatch(JSON.stringify(error.toShape()), /hunter2/);
    });

    test("the handler sees who calls, for whom, in which trace, under which key", async (t) => {
      const { probe, client } = await start(t, {
        act: ({ context }) => ({
          caller: context.caller,
          subject: context.principal?.subject,
          key: context.idempotencyKey,
          traceId: context.trace.traceId,
          spanId: context.trace.spanId,
        }),
      });
      const context = probe.context({ principalToken: "ada", caller: "above" });
      const seen = (await client(context).act({}, { idempotencyKey: "k-1" })) as Record<
        string,
        string
      >;
      const { spanId, ...rest } = seen;
      assert.deepEqual(rest, {
        caller: "tester",
        subject: "ada",
        key: "k-1",
        traceId: context.trace.traceId,
      });
      assert.notEqual(spanId, context.trace.spanId);
    });

    test("a call's own deadline ends it, and never outlives the context's", async (t) => {
      const { probe, client } = await start(t, {
        ask: ({ context }) => context.remainingMs,
        act: () => new Promise(() => {}),
      });
      const left = (await client(probe.context({ remainingMs: 2_000 })).ask(
        {},
        { deadlineMs: 60_000 },
      )) as number;
      assert.ok(left <= 2_000, `${left} ms were left`);
      const error = await refusal(client().act({}, { deadlineMs: 50 }));
      assert.equal(error.code, "deadline_exceeded");
    });

    test("a signal cancels the call here and its handler there", async (t) => {
      const running = Promise.withResolvers<void>();
      const aborted = Promise.withResolvers<KerfError>();
      const { client } = await start(t, {
        act: ({ context }) => {
          context.onCancel(aborted.resolve);
          running.resolve();
          return new Promise(() => {});
        },
      });
      const controller = new AbortController();
      const call = refusal(client().act({}, { signal: controller.signal }));
      await running.promise;
      controller.abort();
      assert.equal((await call).code, "cancelled");
      assert.equal((await aborted.promise).code, "cancelled");
    });

    test("leaving a stream ends its producer", async (t) => {
      const ended = Promise.withResolvers<void>();
      const { client } = await start(t, {
        async *watch() {
          try {
            for (let n = 0; ; n++) yield n;
          } finally {
            ended.resolve();
          }
        },
      });
      for await (const item of client().watch({})) if (item === 2) break;
      await ended.promise;
    });

    test("a call inside an open transaction is refused before it leaves", async (t) => {
      let ran = 0;
      const { probe, client } = await start(t, { ask: () => ++ran });
      const context = probe.context();
      context.transactionOpen = true;
      assert.equal((await refusal(client(context).ask({}))).code, "call_in_transaction");
      assert.equal(ran, 0);
    });

    test("an answer belongs to its caller alone", async (t) => {
      const kept = { list: [1] };
      const { client } = await start(t, { ask: () => kept });
      const answer = (await client().ask({})) as { list: number[] };
      kept.list.push(2);
      assert.deepEqual(answer.list, [1]);
      if (options.checked) assert.throws(() => answer.list.push(3), TypeError);
      else assert.equal(answer.list.push(3), 2);
    });
  });
}
