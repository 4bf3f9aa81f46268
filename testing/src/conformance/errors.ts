import assert from "node:assert/strict";
import { test } from "node:test";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { refusal, type StartProbe } from "./start-probe.ts";

const ask = { service: "probe", operation: "ask" } as const;

/** What a caller learns of what went wrong, and what it must not learn. */
export function errors(start: StartProbe): void {
  test("a declared error is an answer: its code, its data, no retry", async (t) => {
    const { transport, probe } = await start(t, {
      ask: () => {
        throw new DeclaredError("soldOut", { sku: "é-1", left: 0 }, "Sold out.");
      },
    });
    const error = await refusal(transport.call({ ...ask, input: 1, context: probe.context() }));
    assert.ok(error instanceof DeclaredError);
    assert.equal(error.code, "soldOut");
    assert.deepEqual(error.data, { sku: "é-1", left: 0 });
    assert.equal(error.message, "Sold out.");
    assert.equal(error.retry, "never");
  });

  test("an error of the platform keeps everything that it says", async (t) => {
    const { transport, probe } = await start(t, {
      ask: () => {
        throw new KerfError("overloaded", {
          message: "Too much.",
          why: "Because.",
          fix: "Wait.",
          retry: "unknown",
          data: { queue: 7 },
          retryAfterMs: 40,
        });
      },
    });
    const error = await refusal(transport.call({ ...ask, input: 1, context: probe.context() }));
    assert.deepEqual(error.toShape(), {
      code: "overloaded",
      message: "Too much.",
      why: "Because.",
      fix: "Wait.",
      retry: "unknown",
      data: { queue: 7 },
      retryAfterMs: 40,
    });
  });

  test("anything else that is thrown is internal, and nothing of it leaks", async (t) => {
    const { transport, probe } = await start(t, {
      ask: async () => {
        throw new Error("password=hunter2 at /srv/app/secret.ts");
      },
      act: () => {
        throw new TypeError("hunter2");
      },
    });
    for (const operation of ["ask", "act"]) {
      const context = probe.context();
      const error = await refusal(
        transport.call({ service: "probe", operation, input: 1, context }),
      );
      assert.equal(error.code, "internal");
      assert.equal(error.retry, "never");
      const said = `${JSON.stringify(error.toShape())} ${String(error)} ${String(error.stack)} ${String(error.cause)}`;
      assert.doesNotMatch(said, /hunter2|secret\.ts/);
    }
  });

  test("an operation that does not exist is refused", async (t) => {
    const { transport, probe } = await start(t, {});
    for (const [service, operation] of [
      ["probe", "nothing"],
      ["nobody", "ask"],
    ] as const) {
      const error = await refusal(
        transport.call({ service, operation, input: 1, context: probe.context() }),
      );
      assert.ok(["unknown_operation", "not_here"].includes(error.code), error.code);
    }
  });
}
