import { ReleasedApp } from "../releases/released-app.ts";
import type { Shop } from "../shop/end-to-end.ts";
import type { Outcome, ShopStatus } from "../shop/running-shop.ts";
import { docker } from "./docker.ts";

/** The shop with its units in containers. */
export class ContainedShop implements Shop {
  readonly #app: ReleasedApp;

  readonly #options: readonly string[];

  private constructor(app: ReleasedApp, options: readonly string[]) {
    this.#app = app;
    this.#options = options;
  }

  /** Builds it, starts it and waits until it is ready. */
  static async start(
    args: readonly string[],
    app = "examples/shop/app.ts",
  ): Promise<ContainedShop> {
    const options = ["--runtime", "docker", "--environment", "dev", ...args];
    return new ContainedShop(await ReleasedApp.up(app, ...options), options);
  }

  get home(): string {
    return this.#app.home;
  }
  get url(): string {
    return this.#app.url;
  }

  kerf(...args: string[]): Promise<Outcome> {
    return this.#app.run(...args);
  }

  status(): Promise<ShopStatus> {
    return this.#app.status();
  }

  async stop(): Promise<number> {
    const since = performance.now();
    await this.#app.stop();
    return performance.now() - since;
  }

  remove(): Promise<void> {
    return this.#app.remove();
  }

  /** Starts the platform again, which was killed. */
  async again(): Promise<void> {
    await this.#app.kerf("up", "--app", this.#app.app, ...this.#options);
  }
}

/** Names of the containers of a home, by the instances that they are. `of`: those too that have ended, or have not begun, or those alone that run. */
export async function containersOf(
  home: string,
  of: "all" | "running" = "all",
): Promise<Map<string, string>> {
  const said = await docker(
    "ps",
    ...(of === "all" ? ["--all"] : ["--filter", "status=running"]),
    "--filter",
    `label=dev.kerf.home=${home}`,
    "--format",
    '{{.Label "dev.kerf.instance"}} {{.Names}}',
  );
  const lines = said.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => line.split(" ") as [string, string]));
}
