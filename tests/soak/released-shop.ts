import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpClient } from "@kerf/call/browser";
import type { Client } from "@kerf/contract";
import { type ChangeReport, platform, type ReleaseStatus } from "@kerf/control-api";
import { eventually, runKerf, type ShopStatus } from "../shop/running-shop.ts";

/** Lines of a command that failed that are shown. */
const shownLines = 12;
/** How long everything may take to be ready, milliseconds: the machine may be busy. */
const readyMs = 60_000;

/** An app that `kerf up` runs from releases, on free ports, with a home of its own; all that is asked of it goes through `kerf`. */
export class ReleasedShop {
  readonly home: string;
  readonly #app: string;
  /** Base URL of the gateway. */
  url = "";

  private constructor(home: string, app: string) {
    this.home = home;
    this.#app = app;
  }

  /** Builds everything, starts it and waits until it is ready. */
  static async start(app: string): Promise<ReleasedShop> {
    const shop = new ReleasedShop(await mkdtemp(join(tmpdir(), "kerf-soak-")), app);
    try {
      await shop.kerf("up", "--app", app);
      shop.url = (await shop.status()).gateways[0]?.url ?? "";
      await shop.#setSecrets();
      return shop;
    } catch (error) {
      await shop.stop();
      throw error;
    }
  }

  /** A secret has no value of its own outside of development; what needs it starts once it is set. */
  async #setSecrets(): Promise<void> {
    const file = join(this.home, "provider-key");
    await writeFile(file, "no account", { mode: 0o600 });
    await this.kerf("secrets", "set", "payments", "providerKey", "--file", file);
    await eventually(
      "everything is ready",
      async () => {
        const { units } = await this.status();
        const copies = units.flatMap(({ instances }) => instances);
        const isReady =
          copies.length >= units.length && copies.every(({ state }) => state === "ready");
        return isReady ? true : undefined;
      },
      readyMs,
    );
  }

  /** Runs a command with `--json` to its end and answers what it says last; throws when it fails. */
  async kerf<T = unknown>(...args: readonly string[]): Promise<T> {
    const { code, stderr, stdout } = await runKerf(this.home, [...args, "--json"]);
    if (code !== 0) {
      const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-shownLines).join("\n");
      throw new Error(`kerf ${args.join(" ")} exited with ${code}:\n${said}`);
    }
    return JSON.parse(args[0] === "up" ? (stdout.trim().split("\n").at(-1) ?? "") : stdout) as T;
  }

  /** Builds a service into the platform's folder of builds; answers the digest. */
  async build(service: string): Promise<string> {
    const out = join(this.home, "builds");
    const { builds } = await this.kerf<{ builds: readonly { digest: string }[] }>(
      "build",
      service,
      "--app",
      this.#app,
      "--out",
      out,
    );
    return builds[0]?.digest ?? "";
  }

  deploy(service: string): Promise<ChangeReport> {
    return this.kerf("deploy", service, "--app", this.#app);
  }

  status(): Promise<ShopStatus> {
    return this.kerf("status");
  }

  releases(): Promise<ReleaseStatus[]> {
    return this.kerf("releases");
  }

  /** A client of the platform, as `kerf` has one. */
  async client(): Promise<Client<typeof platform>> {
    const { url } = JSON.parse(await readFile(join(this.home, "platform.json"), "utf8")) as {
      url: string;
    };
    const token = (await readFile(join(this.home, "token"), "utf8")).trim();
    const headers = { authorization: `Bearer ${token}` };
    return httpClient(platform, { baseUrl: url, headers: () => headers });
  }

  /** Tells each step of every change as it begins, until `signal` aborts. */
  async follow(onStep: (step: string) => void, signal: AbortSignal): Promise<void> {
    const client = await this.client();
    try {
      for await (const event of client.events({}, { signal })) {
        if (event.type === "rollout" && event.state === "started") onStep(event.step);
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    const { code, stderr } = await runKerf(this.home, ["down"]);
    if (code !== 0) throw new Error(`kerf down exited with ${code}: ${stderr}`);
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}
