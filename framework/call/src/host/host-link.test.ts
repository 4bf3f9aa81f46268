import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type LifecycleState, systemClock, TimerWheel } from "@kerf/kernel";
import { Logger, silentLogger } from "@kerf/telemetry";
import { Inbound } from "../inbound.ts";
import type { Attachment, Boot, HostReport, SignedSnapshot } from "../placement.ts";
import { signSnapshot } from "../snapshot/signature.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { connectFramed } from "../transports/framed/client.ts";
import { type FramedServer, listenFramed } from "../transports/framed/server.ts";
import { HostLink } from "./host-link.ts";
import { hosts } from "./hosts.ts";

const { publicKey, privateKey } = keyPair();
const folder = await mkdtemp(join(tmpdir(), "kerf-link-"));
after(() => rm(folder, { recursive: true }));
const address = `unix:${join(folder, "platform.sock")}`;
const wheel = new TimerWheel(systemClock);

/** Resolves with the next thing that is pushed; the tests wait for signals, not for time. */
class Mailbox<T> {
  readonly #items: T[] = [];
  #waiting: ((item: T) => void) | undefined;

  push(item: T): void {
    if (this.#waiting === undefined) this.#items.push(item);
    else this.#waiting(item);
    this.#waiting = undefined;
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    return item === undefined
      ? new Promise((resolve) => (this.#waiting = resolve))
      : Promise.resolve(item);
  }

  async until(wanted: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next();
      if (wanted(item)) return item;
    }
  }
}

/** A platform as far as hosts see one; the tests start and end it. */
class Platform {
  readonly attachments = new Mailbox<Attachment>();
  readonly reports = new Mailbox<HostReport>();
  readonly detached = new Mailbox<string>();
  newest: SignedSnapshot;
  #wake = Promise.withResolvers<void>();
  #server: FramedServer | undefined;

  constructor(newest: SignedSnapshot) {
    this.newest = newest;
  }

  publish(signed: SignedSnapshot): void {
    this.newest = signed;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async start(): Promise<void> {
    const follow = this.#follow.bind(this);
    const inbound = new Inbound({
      services: [
        {
          contract: hosts,
          operations: {
            attach: { run: ({ input, context }) => follow(input as Attachment, context.signal) },
            report: { run: ({ input }) => (this.reports.push(input as HostReport), {}) },
            problem: { run: () => ({}) },
          },
        },
      ],
      clock: systemClock,
      wheel,
      log: silentLogger,
      checked: true,
      mayCall: () => true,
      principals: { verify: () => ({ subject: "nobody", claims: {} }) },
    });
    this.#server = await listenFramed(address, {
      dispatcher: inbound,
      clock: systemClock,
      wheel,
      log: silentLogger,
      instance: "platform",
    });
  }

  /** As at kill -9: every connection ends at once. */
  async die(): Promise<void> {
    await this.#server?.close();
  }

  async *#follow(attachment: Attachment, signal: AbortSignal): AsyncGenerator<SignedSnapshot> {
    this.attachments.push(attachment);
    signal.addEventListener("abort", () => this.detached.push(attachment.instance));
    let sent: SignedSnapshot | undefined;
    while (!signal.aborted) {
      const { promise } = this.#wake;
      if (this.newest !== sent) yield (sent = this.newest);
      else
        await Promise.race([
          promise,
          new Promise((resolve) => signal.addEventListener("abort", resolve)),
        ]);
    }
  }
}

const sign = (epoch: number, generation: number) =>
  signSnapshot(snapshotOf(epoch, generation), privateKey);

function host() {
  const lines: Record<string, unknown>[] = [];
  const log = new Logger({
    level: "info",
    sink: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const boot: Boot = {
    app: "library",
    environment: "test",
    appModule: "/app/app.ts",
    unit: "main",
    instance: "main-1",
    services: ["shelf"],
    databases: {},
    platform: { address, token: "secret", publicKey },
    snapshot: sign(1, 1),
    snapshotFile: join(folder, "last.json"),
    keys: {},
    checked: false,
    logLevel: "info",
  };
  const store = new SnapshotStore({ publicKey, initial: boot.snapshot, log });
  const accepted = new Mailbox<number>();
  store.onChange(() => accepted.push(store.current?.generation ?? -1));
  const now = { state: "starting" as LifecycleState };
  const connects = new Mailbox<void>();
  const link = new HostLink({
    boot,
    store,
    clock: systemClock,
    log,
    state: () => now.state,
    address: () => "unix:/main-1.sock",
    files: () => ["/app/a.ts"],
    connect(to) {
      connects.push();
      return connectFramed(to, {
        clock: systemClock,
        wheel,
        log: silentLogger,
        hello: { instance: "main-1" },
      });
    },
  });
  return { link, store, accepted, now, lines, connects };
}

test(
  "a host attaches, follows the placement, acknowledges it and tells its state",
  { timeout: 20_000 },
  async () => {
    const platform = new Platform(sign(1, 2));
    await platform.start();
    const { link, accepted, now, lines } = host();
    link.start();
    const { pid, ...attachment } = await platform.attachments.next();
    assert.equal(pid, process.pid);
    assert.deepEqual(attachment, {
      instance: "main-1",
      unit: "main",
      address: "unix:/main-1.sock",
      state: "starting",
      files: ["/app/a.ts"],
      token: "secret",
    });
    assert.equal(await accepted.next(), 2);
    assert.deepEqual(await platform.reports.next(), {
      instance: "main-1",
      token: "secret",
      state: "starting",
      epoch: 1,
      generation: 2,
    });
    now.state = "ready";
    link.report();
    assert.equal((await platform.reports.until(({ state }) => state === "ready")).generation, 2);
    platform.publish(sign(1, 3));
    assert.equal(await accepted.next(), 3);
    await platform.reports.until(({ generation }) => generation === 3);
    await link.stop();
    assert.equal(await platform.detached.next(), "main-1");
    await platform.die();
    assert.deepEqual(lines, []);
  },
);

test(
  "a host outlives its platform: one line when it is lost, one when it is back",
  { timeout: 20_000 },
  async () => {
    const platform = new Platform(sign(1, 2));
    await platform.start();
    const { link, accepted, store, lines } = host();
    link.start();
    assert.equal(await accepted.next(), 2);
    await platform.attachments.next();
    await platform.die();
    // It finds nobody a few times; told of or not, none of that is another line.
    const next = new Platform(sign(2, 7));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await next.start();
    await next.attachments.next();
    assert.equal(await accepted.next(), 7);
    assert.equal(store.current?.epoch, 2);
    await next.reports.until(({ epoch, generation }) => epoch === 2 && generation === 7);
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [
        ["warn", "The platform is away; this host goes on with the last placement."],
        ["info", "The platform is back."],
      ],
    );
    await link.stop();
    await next.die();
  },
);

test("a host that never finds its platform stops all the same", { timeout: 20_000 }, async () => {
  const { link, lines } = host();
  link.report();
  link.start();
  link.report();
  await link.stop();
  assert.ok(lines.length <= 1);
});

test(
  "a forged snapshot is not taken over, and the attachment stays",
  { timeout: 20_000 },
  async () => {
    const platform = new Platform(signSnapshot(snapshotOf(9, 9), keyPair().privateKey));
    await platform.start();
    const { link, accepted, store, lines } = host();
    link.start();
    await platform.reports.next();
    platform.publish(sign(1, 4));
    assert.equal(await accepted.next(), 4);
    assert.equal(store.current?.epoch, 1);
    assert.deepEqual(
      lines.map(({ message }) => message),
      ["The platform sent a placement that cannot be used; the last good one stays."],
    );
    await link.stop();
    await platform.die();
  },
);
