import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { refusal, type StartProbe } from "./start-probe.ts";

const ask = { service: "probe", operation: "ask" } as const;

/** The callee goes, in order. */
export function draining(start: StartProbe): void {
  test("a draining callee executes nothing new and finishes what is in flight", async (t) => {
    const running = Promise.withResolvers<void>();
    const release = Promise.withResolvers<string>();
    let acted = 0;
    const { transport, probe, drain } = await start(t, {
      ask: () => {
        running.resolve();
        return release.promise;
      },
      act: () => ++acted,
    });
    assert.ok(drain !== undefined, "A transport that drains needs a way to do so.");
    const inFlight = transport.call({ ...ask, input: 1, context: probe.context() });
    await running.promise;
    const drained = drain();
    for (let n = 0; n < 3; n++) {
      const error = await refusal(
        transport.call({ service: "probe", operation: "act", input: n, context: probe.context() }),
      );
      assert.equal(error.code, "not_here");
      assert.equal(error.retry, "not-executed");
    }
    release.resolve("finished");
    assert.equal(await inFlight, "finished");
    await drained;
    assert.equal(acted, 0);
    assert.equal(transport.usable, false);
  });
}

/** The caller's side goes. */
export function closing(start: StartProbe): void {
  test("closing loses what is under way, says so once, and takes nothing more", async (t) => {
    const running = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const { transport, probe } = await start(t, {
      ask: ({ context }) => {
        context.signal.addEventListener("abort", () => aborted.resolve());
        running.resolve();
        return new Promise(() => {});
      },
    });
    const reasons: KerfError[] = [];
    transport.onUnusable((reason) => reasons.push(reason));
    const underWay = refusal(transport.call({ ...ask, input: 1, context: probe.context() }));
    await running.promise;
    transport.close();
    transport.close();
    assert.equal((await underWay).code, "connection_lost");
    await aborted.promise;
    assert.equal(transport.usable, false);
    assert.equal(transport.inFlight, 0);
    assert.equal(reasons.length, 1);
    transport.onUnusable((reason) => reasons.push(reason));
    assert.equal(reasons.length, 2);
    const after = await refusal(transport.call({ ...ask, input: 1, context: probe.context() }));
    assert.equal(after.retry, "not-executed");
  });
}
