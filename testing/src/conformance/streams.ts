import assert from "node:assert/strict";
import { test } from "node:test";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { refusal, type StartProbe } from "./start-probe.ts";

const watch = { service: "probe", operation: "watch" } as const;

/** Streams: order, back-pressure, and every way to end one. */
export function streams(start: StartProbe): void {
  test("the items of a stream come in order, and then its end", async (t) => {
    const { transport, probe } = await start(t, {
      async *watch({ input }) {
        for (let n = 0; n < (input as number); n++) yield { n };
      },
    });
    for (const length of [0, 1, 1000]) {
      const items: unknown[] = [];
      for await (const item of transport.stream({
        ...watch,
        input: length,
        context: probe.context(),
      }))
        items.push(item);
      assert.deepEqual(
        items,
        Array.from({ length }, (_, n) => ({ n })),
      );
    }
    assert.equal(transport.inFlight, 0);
  });

  test("a stream resumes after its cursor", async (t) => {
    const { transport, probe } = await start(t, {
      async *watch({ after }) {
        yield after ?? null;
      },
    });
    const first = async (after?: string): Promise<unknown> => {
      const items = transport.stream({ ...watch, input: 0, context: probe.context(), after });
      return (await items.next()).value;
    };
    assert.equal(await first("cursor-é"), "cursor-é");
    assert.equal(await first(), null);
  });

  test("a consumer that does not pull stops the producer", async (t) => {
    let produced = 0;
    const { transport, probe } = await start(t, {
      async *watch() {
        for (;;) yield { n: produced++, filler: "x".repeat(2000) };
      },
    });
    const items = transport.stream({ ...watch, input: 0, context: probe.context() });
    await items.next();
    // It has stopped once it is no further after a call has gone there and back several times.
    let before = -1;
    while (before !== produced) {
      before = produced;
      for (let n = 0; n < 20; n++)
        await refusal(transport.call({ ...watch, input: 0, context: probe.context() }));
    }
    assert.ok(produced <= 200, `${produced} items were produced for one that was taken`);
    for (let n = 0; n < 500; n++) await items.next();
    assert.ok(produced >= 500);
    await items.return?.();
  });

  test("leaving a stream runs the producer's clean-up and aborts its signal", async (t) => {
    const cleaned = Promise.withResolvers<void>();
    const { transport, probe } = await start(t, {
      async *watch() {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          cleaned.resolve();
        }
      },
    });
    for await (const item of transport.stream({ ...watch, input: 0, context: probe.context() })) {
      if (item === 3) break;
    }
    await cleaned.promise;
    assert.equal(transport.inFlight, 0);
  });

  test("a stream whose caller leaves ends with the reason, and its producer too", async (t) => {
    const waiting = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const { transport, probe } = await start(t, {
      async *watch({ context }) {
        yield 1;
        waiting.resolve();
        await new Promise<void>((resolve) =>
          context.signal.addEventListener("abort", () => resolve()),
        );
        aborted.resolve();
      },
    });
    const context = probe.context();
    const items = transport.stream({ ...watch, input: 0, context });
    assert.equal((await items.next()).value, 1);
    const next = refusal(items.next());
    await waiting.promise;
    context.cancel(new KerfError("cancelled", "The test has left."));
    assert.equal((await next).code, "cancelled");
    await aborted.promise;
    assert.deepEqual(await items.next(), { done: true, value: undefined });
  });

  test("the deadline ends a stream", async (t) => {
    const { transport, probe } = await start(t, {
      async *watch() {
        yield 1;
        await new Promise(() => {});
      },
    });
    const context = probe.context({ remainingMs: 60 });
    const items = transport.stream({ ...watch, input: 0, context });
    await items.next();
    assert.equal((await refusal(items.next())).code, "deadline_exceeded");
  });

  test("a producer's error comes after the items before it", async (t) => {
    const { transport, probe } = await start(t, {
      async *watch({ input }) {
        yield 1;
        yield 2;
        if (input === "declared") throw new DeclaredError("soldOut", { sku: "a" }, "Sold out.");
        throw new Error("hunter2");
      },
    });
    for (const [input, code] of [
      ["declared", "soldOut"],
      ["other", "internal"],
    ] as const) {
      const items = transport.stream({ ...watch, input, context: probe.context() });
      assert.equal((await items.next()).value, 1);
      assert.equal((await items.next()).value, 2);
      const error = await refusal(items.next());
      assert.equal(error.code, code);
      assert.doesNotMatch(JSON.stringify(error.toShape()), /hunter2/);
      if (code === "soldOut") assert.deepEqual(error.data, { sku: "a" });
      assert.deepEqual(await items.next(), { done: true, value: undefined });
    }
    assert.equal(transport.inFlight, 0);
  });

  test("a stream that nobody pulls is never opened", async (t) => {
    let opened = 0;
    const { transport, probe } = await start(t, {
      async *watch() {
        opened++;
        yield 1;
      },
    });
    const unused = transport.stream({ ...watch, input: 0, context: probe.context() });
    await unused.return?.();
    assert.deepEqual(await unused.next(), { done: true, value: undefined });
    const used = transport.stream({ ...watch, input: 0, context: probe.context() });
    assert.equal((await used.next()).value, 1);
    assert.equal(opened, 1);
    await used.return?.();
  });

  test("streams run beside each other and beside calls", async (t) => {
    const { transport, probe } = await start(t, {
      ask: ({ input }) => input,
      async *watch({ input }) {
        for (let n = 0; n < 300; n++) yield `${input as string}-${n}`;
      },
    });
    const read = async (name: string): Promise<number> => {
      let n = 0;
      for await (const item of transport.stream({
        ...watch,
        input: name,
        context: probe.context(),
      }))
        assert.equal(item, `${name}-${n++}`);
      return n;
    };
    const idle = transport.stream({ ...watch, input: "idle", context: probe.context() });
    await idle.next();
    const lengths = await Promise.all(["a", "b", "c", "d"].map(read));
    assert.deepEqual(lengths, [300, 300, 300, 300]);
    const answer = await transport.call({
      service: "probe",
      operation: "ask",
      input: 7,
      context: probe.context(),
    });
    assert.equal(answer, 7);
    await idle.return?.();
  });

  test("closing ends the streams under way", async (t) => {
    const { transport, probe } = await start(t, {
      async *watch({ context }) {
        yield 1;
        await new Promise<void>((resolve) =>
          context.signal.addEventListener("abort", () => resolve()),
        );
      },
    });
    const items = transport.stream({ ...watch, input: 0, context: probe.context() });
    await items.next();
    const next = refusal(items.next());
    transport.close();
    assert.equal((await next).code, "connection_lost");
    assert.equal(transport.inFlight, 0);
  });
}
