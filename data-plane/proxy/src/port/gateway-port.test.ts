import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AnyBoot } from "@kerf/call";
import { type HttpListener, listenHttp, sharesPorts } from "@kerf/call/http";
import { systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { GatewayPort } from "./gateway-port.ts";

interface Copy {
  readonly port: GatewayPort;
  listener?: HttpListener;
  /** Makes it listen. */
  start(at: number): Promise<HttpListener>;
}

/** Copies of one gateway in this process, each of which answers with its name. */
async function copiesIn(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "kerf-port-"));
  const copies: Copy[] = [];
  const told: string[] = [];
  const said = new Map<string, () => void>();
  t.after(async () => {
    for (const { listener, port } of copies) {
      port.close();
      await listener?.close();
    }
    await rm(folder, { recursive: true });
  });
  const log = new Logger({
    level: "info",
    sink: (line) => {
      const { message } = JSON.parse(line) as { message: string };
      told.push(message);
      said.get(message)?.();
    },
  });
  const copy = (instance: string, shares: boolean, app = "shop"): Copy => {
    const address = `unix:${join(folder, "platform.sock")}`;
    const made: Copy = {
      port: undefined as never,
      start: async (at) => {
        const boot = {
          app,
          unit: "gateway:web",
          instance,
          http: { host: "127.0.0.1", port: at },
          platform: { address },
        } as unknown as AnyBoot;
        const port = new GatewayPort({ boot, log, clock: systemClock, shares });
        Object.assign(made, { port });
        made.listener = await port.acquire([at], (how) =>
          listenHttp({
            host: "127.0.0.1",
            port: at,
            ...how,
            handler: (_request, response) => void response.end(instance),
          }),
        );
        return made.listener;
      },
    };
    copies.push(made);
    return made;
  };
  /** Resolves when a copy has told of something. */
  const hears = (message: string): Promise<void> =>
    told.includes(message)
      ? Promise.resolve()
      : new Promise((resolve) => said.set(message, resolve));
  return { copy, hears };
}

async function ask({ url }: HttpListener): Promise<string> {
  return (await fetch(url, { headers: { connection: "close" } })).text();
}

test("where copies cannot share a port the next one takes it over, and gives it back when it ends early", async (t) => {
  const { copy, hears } = await copiesIn(t);
  const one = await copy("one", false).start(0);
  const next = copy("two", false);
  const two = await next.start(one.port);
  assert.equal(await ask(two), "two");
  assert.equal(one.isListening, false);
  // It ends without a word, as a process that is killed.
  await two.close();
  next.port.close();
  await hears("took the port back: the next copy ended early");
  assert.equal(await ask(one), "one");
  // Another app's gateway is no copy.
  await assert.rejects(copy("three", false, "other").start(one.port), {
    code: "start_failed",
    message: new RegExp(`Port ${one.port} of 127.0.0.1 is taken`),
  });
  assert.equal(await ask(one), "one");
});

test("a copy that may share takes the port over from one that has it alone", async (t) => {
  if (!sharesPorts) return t.skip("this system does not deal a port's connections out");
  const { copy } = await copiesIn(t);
  const old = await copy("old", false).start(0);
  const two = await copy("two", true).start(old.port);
  const three = await copy("three", true).start(old.port);
  assert.equal(old.isListening, false);
  assert.deepEqual([two.isListening, three.isListening], [true, true]);
  assert.match(await ask(two), /two|three/);
});

test("whoever else has the port is no copy, though the system would let both listen", async (t) => {
  if (!sharesPorts) return t.skip("this system does not deal a port's connections out");
  const { copy } = await copiesIn(t);
  const { port } = await copy("one", true).start(0);
  const refused = (work: Promise<unknown>, taken: number): Promise<void> =>
    assert.rejects(work, {
      code: "start_failed",
      message: new RegExp(`Port ${taken} of 127.0.0.1 is taken`),
    });
  // At the same time as copies that are let in.
  const [two, three] = await Promise.all([
    copy("two", true).start(port),
    copy("three", true).start(port),
    refused(copy("four", true, "other").start(port), port),
  ]);
  assert.deepEqual([two.isListening, three.isListening], [true, true]);

  // A program that shares with anybody.
  const sharing = createServer().listen({ port: 0, host: "127.0.0.1", reusePort: true });
  await once(sharing, "listening");
  t.after(() => sharing.close());
  const theirs = (sharing.address() as AddressInfo).port;
  await refused(copy("five", true).start(theirs), theirs);
});
