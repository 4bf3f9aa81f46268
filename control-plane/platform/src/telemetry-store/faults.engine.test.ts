import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { newTrace } from "@kerf/kernel";
import { SpanTemplate } from "@kerf/telemetry";
import { OtlpEncoder } from "@kerf/telemetry/testing";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const template = new SpanTemplate("served", "orders", "orders/place", {});
/** Spans of one request. */
const perRequest = 500;

interface Program {
  readonly child: ChildProcess;
  readonly address: string;
}

/** Starts the store as a program, after whatever stands before its command. */
async function start(
  directory: string,
  t: TestContext,
  before: readonly string[] = [],
): Promise<Program> {
  const socket = join(directory, "queries.sock");
  const command = [
    ...before,
    process.execPath,
    "--conditions=kerf-source",
    main,
    "--directory",
    join(directory, "kept"),
    "--socket",
    socket,
  ];
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, KERF_LIFELINE_FD: "0" },
  });
  t.after(() => child.kill("SIGKILL"));
  for await (const line of createInterface({ input: child.stdout }))
    return { child, address: (JSON.parse(line) as { address: string }).address };
  throw new Error("the store ended before it listened");
}

/** Sends a trace; answers its id and the status. A store that is gone answers 0. */
async function send(address: string): Promise<{ traceId: string; status: number }> {
  const encoder = new OtlpEncoder({
    app: "shop",
    environment: "test",
    unit: "main",
    instance: "1",
  });
  const trace = newTrace(true);
  for (let n = 0; n < perRequest; n++) {
    const text = `${n} ${"x".repeat(500)}`;
    const attributes = { "exception.message": text };
    const [startedAt, endedAt] = [n, n + 1];
    encoder.add(
      { of: template, trace: trace.child(), startedAt, endedAt, failed: false, attributes },
      Date.now(),
    );
  }
  const { pieces } = encoder.take();
  try {
    const response = await fetch(`${address}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: new Uint8Array(Buffer.concat(pieces)),
    });
    await response.arrayBuffer();
    return { traceId: trace.traceId, status: response.status };
  } catch {
    return { traceId: trace.traceId, status: 0 };
  }
}

/** How many spans of a trace are kept. */
function spansOf(directory: string, traceId: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ socketPath: join(directory, "queries.sock"), path: `/trace/${traceId}` }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve((JSON.parse(text) as { spans: unknown[] }).spans.length));
    }).on("error", reject);
  });
}

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "kerf-store-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test("killed in the middle of writing: whatever a sender was told is kept is found afterwards, whole", async (t) => {
  const directory = temporary(t);
  for (let round = 0; round < 2; round++) {
    const { address, child } = await start(directory, t);
    const kept: string[] = [];
    const whole = Promise.withResolvers<void>();
    const sender = async (): Promise<void> => {
      for (;;) {
        const { status, traceId } = await send(address);
        if (status === 0) return;
        assert.ok(status === 200 || status === 503, String(status));
        if (status === 200 && kept.push(traceId) >= 20 + round) whole.resolve();
      }
    };
    const senders = Promise.all([sender(), sender(), sender(), sender()]);
    await whole.promise;
    child.kill("SIGKILL");
    await senders;
    const again = await start(directory, t);
    for (const traceId of kept) assert.equal(await spansOf(directory, traceId), perRequest);
    again.child.stdin?.end();
    await once(again.child, "exit");
  }
});

/** A disk of its own for a program and those that it starts: 12 MB, of which 4 are taken. */
const onSmallDisk = (directory: string): string[] => [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `mount -t tmpfs -o size=12m none "$0" && head -c 4000000 /dev/zero >"$0/ballast" && exec "$@"`,
  directory,
];
const canMount =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("unshare", ["--mount", "true"]).status === 0;

test(
  "a full disk: senders are told to come back, queries are answered, and with room again all goes on",
  { skip: canMount ? false : "only root can make a small disk, and on Linux" },
  async (t) => {
    const directory = temporary(t);
    const disk = join(directory, "kept");
    spawnSync("mkdir", [disk]);
    const { address, child } = await start(directory, t, onSmallDisk(disk));
    const kept: string[] = [];
    let refused = 0;
    while (refused < 20) {
      const { status, traceId } = await send(address);
      assert.ok(status === 200 || status === 503, String(status));
      if (status === 200) kept.push(traceId);
      else refused++;
      assert.ok(kept.length < 100);
    }
    assert.ok(kept.length > 3);
    for (const traceId of kept) assert.equal(await spansOf(directory, traceId), perRequest);
    const inside = ["--mount", "--target", String(child.pid), "rm", join(disk, "ballast")];
    assert.equal(spawnSync("nsenter", inside).status, 0);
    const next = await send(address);
    assert.equal(next.status, 200);
    for (const traceId of [...kept, next.traceId])
      assert.equal(await spansOf(directory, traceId), perRequest);
    child.stdin?.end();
    await once(child, "exit");
  },
);
