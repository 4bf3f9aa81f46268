import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ReleasedApp } from "../releases/released-app.ts";
import { eventually } from "../shop/running-shop.ts";

/** How long everything may take to be ready, milliseconds: the machine may be busy. */
const readyMs = 60_000;

/** The shop under load, run from releases. */
export class ReleasedShop extends ReleasedApp {
  /** Builds everything, starts it and waits until it is ready. `options`: more of `kerf up`. */
  static async start(app: string, ...options: readonly string[]): Promise<ReleasedShop> {
    const shop = new ReleasedShop(await ReleasedApp.makeHome(), app);
    await shop.begin(options);
    try {
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

  /** Builds a service into the platform's folder of builds; answers the digest. */
  async build(service: string): Promise<string> {
    const out = join(this.home, "builds");
    const { builds } = await this.kerf<{ builds: readonly { digest: string }[] }>(
      "build",
      service,
      "--app",
      this.app,
      "--out",
      out,
    );
    return builds[0]?.digest ?? "";
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
}
