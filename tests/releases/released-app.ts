import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@kerf/contract";
import type { ChangeReport, platform, ReleaseStatus } from "@kerf/control-api";
import { platformClient } from "../shop/platform-client.ts";
import { type Outcome, runKerf, type ShopStatus } from "../shop/running-shop.ts";

/** Lines of a command that failed that are shown. */
const shownLines = 12;

/** An app that `kerf up` runs from releases, on free ports, with a home of its own; all that is asked of it goes through `kerf`. */
export class ReleasedApp {
  readonly home: string;
  readonly app: string;
  /** Base URL of the gateway. */
  url = "";

  protected constructor(home: string, app: string) {
    this.home = home;
    this.app = app;
  }

  /** Builds everything, starts it and waits until it is ready. `options`: more of `kerf up`. */
  static async up(app: string, ...options: readonly string[]): Promise<ReleasedApp> {
    const released = new ReleasedApp(await ReleasedApp.makeHome(), app);
    await released.begin(options);
    return released;
  }

  protected static makeHome(): Promise<string> {
    return mkdtemp(join(tmpdir(), "kerf-released-"));
  }

  protected async begin(options: readonly string[] = []): Promise<void> {
    try {
      await this.kerf("up", "--app", this.app, ...options);
      this.url = (await this.status()).gateways[0]?.url ?? "";
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Runs a command to its end, whatever that is. */
  run(...args: readonly string[]): Promise<Outcome> {
    return runKerf(this.home, args);
  }

  /** Runs a command with `--json` to its end and answers what it says; throws when it fails. */
  async kerf<T = unknown>(...args: readonly string[]): Promise<T> {
    const { code, stderr, stdout } = await this.run(...args, "--json");
    if (code !== 0) {
      const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-shownLines).join("\n");
      throw new Error(`kerf ${args.join(" ")} exited with ${code}:\n${said}`);
    }
    return JSON.parse(stdout) as T;
  }

  deploy(service: string, ...options: readonly string[]): Promise<ChangeReport> {
    return this.kerf("deploy", service, "--app", this.app, ...options);
  }

  async status(): Promise<ShopStatus> {
    return (await this.client()).status({});
  }

  async releases(): Promise<ReleaseStatus[]> {
    return (await (await this.client()).releases({})).releases;
  }

  /** A client of the platform, as `kerf` has one. `token`: another one than the operator's. */
  client(token?: string): Promise<Client<typeof platform>> {
    return platformClient(this.home, token);
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    const { code, stderr } = await this.run("down");
    if (code !== 0) throw new Error(`kerf down exited with ${code}: ${stderr}`);
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}
