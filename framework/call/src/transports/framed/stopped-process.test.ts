import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { connectFramed } from "./client.ts";
import { contextFor, temporaryDirectory } from "./testing/peers.ts";

const source = (address: string): string => `
  import { systemClock, TimerWheel } from "@kerf/kernel";
  import { silentLogger } from "@kerf/telemetry";
  import { listenFramed } from ${JSON.stringify(new URL("server.ts", import.meta.url).href)};
  await listenFramed(${JSON.stringify(address)}, {
    clock: systemClock,
    wheel: new TimerWheel(systemClock),
    log: silentLogger,
    instance: "callee-1",
    dispatcher: { call: async ({ input }) => input, async *stream() {} },
  });
  console.log("up");
`;

test("a process that was stopped is found, and one that runs again serves new connections", async (t) => {
  const address = `unix:${join(await temporaryDirectory(t), "s")}`;
  const child = spawn(
    process.execPath,
    ["-C", "kerf-source", "--input-type=module", "-e", source(address)],
    { stdio: ["ignore", "pipe", "inherit"], cwd: import.meta.dirname },
  );
  const gone = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  await once(child.stdout, "data");
  const wheel = new TimerWheel(systemClock);
  const ask = async (transport: ReturnType<typeof connectFramed>): Promise<unknown> => {
    const context = contextFor(wheel, { remainingMs: 60_000 });
    try {
      return await transport.call({ service: "echo", operation: "say", input: 1, context });
    } finally {
      context.release();
    }
  };
  const connectTo = (): ReturnType<typeof connectFramed> => {
    const transport = connectFramed(address, {
      clock: systemClock,
      wheel,
      log: silentLogger,
      hello: { instance: "caller-1" },
      limits: { silenceMs: 100, pongMs: 100 },
    });
    t.after(() => transport.close());
    return transport;
  };
  const transport = connectTo();
  assert.equal(await ask(transport), 1);
  child.kill("SIGSTOP");
  await assert.rejects(ask(transport), { code: "connection_lost", retry: "unknown" });
  assert.equal(transport.usable, false);
  child.kill("SIGCONT");
  assert.equal(await ask(connectTo()), 1);
});
