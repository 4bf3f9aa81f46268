import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { refusal, type StartProbe } from "./start-probe.ts";

const ask = { service: "probe", operation: "ask" } as const;

/** Deadlines, and callers that leave. */
export function endings(start: StartProbe): void {
  test("the deadline shrinks on its way and never grows", async (t) => {
    const { transport, probe } = await start(t, { ask: ({ context }) => context.remainingMs });
    const context = probe.context({ remainingMs: 3000 });
    const left = (await transport.call({ ...ask, input: 1, context })) as number;
    assert.ok(left <= 3000 && left > 0, `${left} ms were left`);
  });

  test("a call without a deadline has none at the callee", async (t) => {
    const { transport, probe } = await start(t, {
      ask: ({ context }) => context.deadline === Number.POSITIVE_INFINITY,
    });
    const context = probe.context({ deadline: Number.POSITIVE_INFINITY });
    assert.equal(await transport.call({ ...ask, input: 1, context }), true);
  });

  test("the deadline ends a call whose handler does not end, at both sides", async (t) => {
    const aborted = Promise.withResolvers<unknown>();
    const { transport, probe } = await start(t, {
      ask: ({ context }) => {
        context.signal.addEventListener("abort", () => aborted.resolve(context.signal.reason));
        return new Promise(() => {});
      },
    });
    const context = probe.context({ remainingMs: 60 });
    const error = await refusal(transport.call({ ...ask, input: 1, context }));
    assert.equal(error.code, "deadline_exceeded");
    assert.equal(((await aborted.promise) as KerfError).code, "deadline_exceeded");
    assert.equal(transport.inFlight, 0);
  });

  test("a caller that leaves is answered at once, and the handler's signal aborts", async (t) => {
    const running = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<unknown>();
    const { transport, probe } = await start(t, {
      ask: ({ context }) => {
        context.signal.addEventListener("abort", () => aborted.resolve(context.signal.reason));
        running.resolve();
        return new Promise(() => {});
      },
    });
    const context = probe.context();
    const answer = refusal(transport.call({ ...ask, input: 1, context }));
    await running.promise;
    context.cancel(new KerfError("cancelled", "The test has left."));
    assert.equal((await answer).code, "cancelled");
    assert.equal(((await aborted.promise) as KerfError).code, "cancelled");
    assert.equal(transport.inFlight, 0);
  });

  test("what has ended before it is sent never reaches a handler", async (t) => {
    let ran = 0;
    const { transport, probe } = await start(t, { ask: () => ++ran });
    const left = probe.context();
    left.cancel(new KerfError("cancelled", "Left before it began."));
    assert.equal(
      (await refusal(transport.call({ ...ask, input: 1, context: left }))).code,
      "cancelled",
    );
    const late = probe.context({ remainingMs: -1 });
    const error = await refusal(transport.call({ ...ask, input: 1, context: late }));
    assert.equal(error.code, "deadline_exceeded");
    assert.equal(await transport.call({ ...ask, input: 1, context: probe.context() }), 1);
  });

  test("an answer that comes after its caller has left troubles nobody", async (t) => {
    const running = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<string>();
    const { transport, probe } = await start(t, {
      ask: () => {
        running.resolve();
        return answer.promise;
      },
      act: ({ input }) => input,
    });
    const context = probe.context();
    const call = refusal(transport.call({ ...ask, input: 1, context }));
    await running.promise;
    context.cancel(new KerfError("cancelled", "Left."));
    await call;
    answer.resolve("late");
    for (let n = 0; n < 10; n++) {
      const said = await transport.call({
        service: "probe",
        operation: "act",
        input: n,
        context: probe.context(),
      });
      assert.equal(said, n);
    }
  });
}
