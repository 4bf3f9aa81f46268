import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { type FramedServer, listenFramed, type ServedArguments } from "@kerf/call";
import { DeclaredError } from "@kerf/kernel";
import { Probe } from "@kerf/testing/conformance";
import { hasProgram, lacking } from "../engines.ts";

const run = promisify(execFile);
const client = join(import.meta.dirname, "client.py");

interface Wish {
  readonly echo?: unknown;
  readonly soldOut?: number;
  readonly hang?: boolean;
  readonly hold?: boolean;
  /** Its cancellation ends what is held. */
  readonly letsGo?: boolean;
  readonly cancelled?: boolean;
  readonly drain?: boolean;
}

test(
  "a caller in Python that knows the page on the wire alone is served",
  { skip: lacking({ python3: hasProgram("python3") }) ?? false, timeout: 30_000 },
  async (t) => {
    const cancelled = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let server: FramedServer;
    const until = ({ context }: ServedArguments): Promise<never> =>
      new Promise((_resolve, reject) => context.onCancel(reject));
    const ask = async (args: ServedArguments): Promise<unknown> => {
      const wish = args.input as Wish;
      if (wish.soldOut !== undefined) throw new DeclaredError("soldOut", { left: wish.soldOut });
      if (wish.hang === true) {
        return until(args).finally(() => cancelled.resolve());
      }
      if (wish.hold === true) return held.promise.then(() => "held to the end");
      if (wish.letsGo === true) return until(args).finally(() => held.resolve());
      if (wish.cancelled === true) return cancelled.promise.then(() => "it was");
      if (wish.drain === true) {
        void server.drain();
        return "draining";
      }
      return wish.echo;
    };
    const probe = new Probe(
      {
        ask,
        act: async ({ input, context }) => [(input as Wish).echo, context.idempotencyKey],
        async *watch({ input, after }) {
          const { to } = input as { to: number };
          for (let n = Number(after ?? 0) + 1; n <= to; n++) yield n;
        },
      },
      { checked: true },
    );
    const directory = await mkdtemp(join(tmpdir(), "kerf-"));
    server = await listenFramed(`unix:${join(directory, "s")}`, {
      dispatcher: probe.inbound,
      clock: probe.clock,
      wheel: probe.wheel,
      log: probe.log,
      instance: "callee-1",
    });
    t.after(async () => {
      await server.close();
      probe.release();
      await rm(directory, { recursive: true, force: true });
    });

    const { stdout } = await run("python3", [client, join(directory, "s")], { timeout: 20_000 });
    const { session, violations } = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
    assert.ok(session !== undefined);
    assert.deepEqual(session["peer"], [
      "answersBadJson",
      "instance",
      "maxCalls",
      "maxFrameBytes",
      "maxStringBytes",
      "maxStrings",
    ]);
    assert.deepEqual(session["answer"], ["answer", [1, "zwei", null]]);
    assert.deepEqual(session["again"], ["answer", 2]);
    assert.deepEqual(session["command"], ["answer", ["key", "python:1"]]);
    const errorOf = (name: string): Record<string, unknown> => {
      const [kind, body] = session[name] as [string, Record<string, unknown>];
      assert.equal(kind, "error", name);
      return body;
    };
    const { code, declared, data, retry } = errorOf("declared");
    assert.deepEqual([code, declared, data, retry], ["soldOut", true, { left: 7 }, "never"]);
    assert.equal(errorOf("unknown")["code"], "unknown_operation");
    const broken = errorOf("broken");
    assert.equal(broken["code"], "invalid_input");
    assert.match(String(broken["message"]), /line 1, column 6/);
    assert.deepEqual(session["meanwhile"], ["answer", "meanwhile"]);
    assert.deepEqual(session["cancelled"], ["answer", "it was"]);
    assert.equal(errorOf("late")["code"], "deadline_exceeded");
    assert.deepEqual(session["first"], [3, 4, 5, 6]);
    assert.deepEqual(session["second"], [7, 8, 9]);
    assert.deepEqual(session["rest"], [3, true]);
    assert.deepEqual(session["byBytes"], [1]);
    assert.deepEqual(session["left"], ["answer", "left"]);
    assert.equal(session["drain"], "draining");
    const late = errorOf("notHere");
    assert.deepEqual([late["code"], late["retry"]], ["not_here", "not-executed"]);
    assert.deepEqual(session["held"], [true, "held to the end"]);
    assert.deepEqual(violations, {
      stranger: 0,
      type: "unknown_type",
      large: "frame_too_large",
      string: "bad_header",
      slot: "wrong_stream",
      short: "bad_frame",
      way: "unexpected_frame",
    });
  },
);
