import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Logger } from "@kerf/telemetry";
import { assembleGateway } from "../gateway.ts";
import { FrontPlatform } from "../testing/platform.ts";
import { type ProtocolCase, smuggledCall, token } from "./testing/case.ts";
import { chunkCases } from "./testing/chunks.ts";
import { contentLengthCases } from "./testing/content-length.ts";
import { fieldCases } from "./testing/fields.ts";
import { requestLineCases } from "./testing/request-line.ts";
import { sequenceCases } from "./testing/sequences.ts";
import { transferEncodingCases } from "./testing/transfer-encoding.ts";

const classes: Readonly<Record<string, readonly ProtocolCase[]>> = {
  "Content-Length": contentLengthCases,
  "Transfer-Encoding": transferEncodingCases,
  chunks: chunkCases,
  "fields and Host": fieldCases,
  "request lines and targets": requestLineCases,
  "sequences, expectations and upgrades": sequenceCases,
};

/** Ends a case whose connection does something else than it should, milliseconds; none comes near it that does not. */
const giveUpMs = 5_000;
const probe = "GET /notes?limit=2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const probeCall = "open 2";

// Counts as an answer that no case expects.
const stayedOpen = "HTTP/1.1 999 The connection stayed open";

/** A gateway before a service that notes every call which reaches it. */
async function front(t: TestContext): Promise<{ port: number; valid: string; calls: string[] }> {
  const calls: string[] = [];
  const platform = await FrontPlatform.start(t);
  await platform.startNotes({
    open: {
      run: ({ input }) => {
        const { limit } = input as { limit: number };
        calls.push(`open ${limit}`);
        return { limit, caller: "" };
      },
    },
    mine: {
      run: () => {
        calls.push("mine");
        return { subject: "ada", claims: {} };
      },
    },
    add: {
      run: ({ input }) => {
        const { book, text } = input as { book: string; text: string };
        calls.push(`add ${book}`);
        return { book, text, by: "ada" };
      },
    },
  });
  const gateway = await assembleGateway(platform.boot(), new Logger({ level: "error", sink() {} }));
  platform.before(() => gateway.lifecycle.stop());
  await gateway.lifecycle.start();
  const { port } = new URL(gateway.url as string);
  return { port: Number(port), valid: await platform.issuer.sign({ subject: "ada" }), calls };
}

function statuses(answers: string): number[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

/** Sends the bytes as one write, and what shows how the connection goes on once all answers that are due are here. */
function converse(port: number, { bytes, answers, after }: ProtocolCase): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    let probed = false;
    const proceed = (): void => {
      if (probed || statuses(received).length < answers.length) return;
      probed = true;
      if (after === "open") socket.write(probe);
      if (after === "waits") socket.end();
    };
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes, "latin1");
      proceed();
    });
    const timer = setTimeout(() => {
      socket.destroy();
      received += stayedOpen;
    }, giveUpMs);
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      received += String(text);
      proceed();
    });
    // A reset is a close as well: the gateway does not read on what it does not answer.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(received);
    });
  });
}

test("no request is smuggled past the gateway", async (t) => {
  const { port, valid, calls } = await front(t);
  for (const [name, cases] of Object.entries(classes)) {
    await t.test(name, async () => {
      const wrong: string[] = [];
      for (const one of cases) {
        calls.length = 0;
        const received = await converse(port, {
          ...one,
          bytes: one.bytes.replaceAll(token, valid),
        });
        const open = one.after === "open";
        const found = { answers: statuses(received), calls: calls.toSorted() };
        // Whoever hangs up in the middle of a body may be told that it is not complete.
        if (one.after === "waits") found.answers = found.answers.slice(0, one.answers.length);
        const due = {
          answers: open ? [...one.answers, 200] : one.answers,
          // Pipelined requests are answered in order, not run in order.
          calls: (open ? [...one.calls, probeCall] : one.calls).toSorted(),
        };
        assert.ok(!found.calls.includes(smuggledCall), `${one.name}: smuggled: ${received}`);
        if (!isDeepStrictEqual(found, due))
          wrong.push(`${one.name}: ${JSON.stringify(found)} instead of ${JSON.stringify(due)}`);
      }
      assert.deepEqual(wrong, []);
    });
  }
  const names = Object.values(classes).flatMap((cases) => cases.map((one) => one.name));
  t.diagnostic(`${names.length} cases`);
  assert.equal(new Set(names).size, names.length, "every case has a name of its own");
});
