import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect, createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { makePlaceholder } from "../resources/certificates.ts";

/** Where `scripts/engines/pebble` builds it; the version stands there too. */
const folder = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "kerf/engines/pebble-2.10.1",
);

/** Declares tests that need it; without it they are skipped and say so, and under CI=true they fail. */
export function withPebble(declare: () => void): void {
  try {
    accessSync(join(folder, "pebble"), constants.X_OK);
  } catch {
    test("certificates of an authority", (t) => {
      const missing = "pebble is missing: scripts/engines/pebble builds it, with Go";
      if (process.env["CI"] === "true") throw new Error(missing);
      t.skip(missing);
    });
    return;
  }
  declare();
}

/** An authority that speaks ACME and issues for every name but `refused.example`; all names lead to this machine. */
export class Pebble {
  readonly directory: string;
  /** Who vouches for its directory: a PEM file. */
  readonly caFile: string;
  readonly #config: string;
  readonly #ports: readonly [own: number, management: number, dns: number];
  readonly #running: ChildProcess[] = [];

  private constructor(config: string, caFile: string, ports: readonly [number, number, number]) {
    this.#config = config;
    this.caFile = caFile;
    this.#ports = ports;
    this.directory = `https://localhost:${ports[0]}/dir`;
  }

  /** Prepares one in `root`, which asks at `httpPort`; it does not run yet, and ends with the test. */
  static async prepare(
    t: TestContext,
    root: string,
    { httpPort, lifeSeconds }: { readonly httpPort: number; readonly lifeSeconds: number },
  ): Promise<Pebble> {
    const place = join(root, "pebble");
    mkdirSync(place);
    const ports = [await anyPort(), await anyPort(), await anyPort()] as const;
    const { chain, key } = await makePlaceholder("localhost", Date.now());
    const caFile = join(place, "ca.pem");
    writeFileSync(caFile, chain);
    writeFileSync(join(place, "key.pem"), key);
    const config = join(place, "config.json");
    const settings = {
      listenAddress: `127.0.0.1:${ports[0]}`,
      managementListenAddress: `127.0.0.1:${ports[1]}`,
      certificate: caFile,
      privateKey: join(place, "key.pem"),
      httpPort,
      tlsPort: await anyPort(),
      domainBlocklist: ["refused.example"],
      retryAfter: { authz: 1, order: 1 },
      profiles: { default: { description: "", validityPeriod: lifeSeconds } },
    };
    writeFileSync(config, JSON.stringify({ pebble: settings }));
    const pebble = new Pebble(config, caFile, ports);
    t.after(() => pebble.stop());
    return pebble;
  }

  /** Resolves when it answers. Each time it is another authority: it keeps nothing. */
  async start(): Promise<void> {
    const dns = `127.0.0.1:${this.#ports[2]}`;
    const none = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", ""];
    const names = ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dnsserver", dns, ...none];
    await Promise.all([
      this.#run("pebble-challtestsrv", names, /Starting management server/),
      this.#run(
        "pebble",
        ["-config", this.#config, "-dnsserver", dns],
        /ACME directory available at/,
      ),
    ]);
    // They say so a moment before they listen.
    await Promise.all(this.#ports.map((port) => listening(port)));
  }

  /** It is away. */
  async stop(): Promise<void> {
    const running = this.#running.splice(0);
    await Promise.all(
      running.map(async (process) => {
        if (process.exitCode !== null || process.signalCode !== null) return;
        const gone = once(process, "exit");
        process.kill("SIGKILL");
        await gone;
      }),
    );
  }

  /** Who vouches for what it issues, PEM. */
  async root(): Promise<string> {
    const sent = request(`https://127.0.0.1:${this.#ports[1]}/roots/0`, {
      rejectUnauthorized: false,
    }).end();
    const [response] = (await once(sent, "response")) as [Readable];
    return text(response);
  }

  async #run(program: string, options: readonly string[], ready: RegExp): Promise<void> {
    const child = spawn(join(folder, program), options, {
      stdio: ["ignore", "pipe", "pipe"],
      // It does not wait before it looks: that is for testing clients that cannot.
      env: { PEBBLE_VA_NOSLEEP: "1" },
    });
    this.#running.push(child);
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${program} ended:\n${said.join("\n")}`)));
      for (const stream of [child.stdout, child.stderr])
        createInterface(stream).on("line", (line) => {
          if (said.length < 100) said.push(line);
          if (ready.test(line)) resolve();
        });
    });
  }
}

/** A port of this machine that nobody has at the moment. */
export async function anyPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves once somebody listens there; the DNS does so by TCP too. Rejects after half a minute. */
async function listening(port: number): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(50);
    } finally {
      socket.destroy();
    }
  }
}
