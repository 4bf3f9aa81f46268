import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { runKerf } from "../shop/running-shop.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The dashboard in the system's Chromium, signed in as a person does it: by the link that `kerf dashboard` prints. */
export class DashboardBrowser {
  readonly page: Page;
  readonly url: string;
  /** What the browser complained about since the start. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page, url: string) {
    this.#browser = browser;
    this.page = page;
    this.url = url;
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      const { url } = message.location();
      // What was asked for before its spans arrived is asked for again.
      const isEarly = /\/api\/(?:traces\/|why\?)/.test(url);
      // The machine's: somebody made or removed a network, as Docker does.
      const isMachines = message.text().includes("ERR_NETWORK_CHANGED");
      if (message.type() === "error" && !isEarly && !isMachines)
        this.complaints.push(`${message.text()} ${url}`);
    });
  }

  /** `home`: the folder of state of the platform whose dashboard it is. */
  static async open({ home }: { readonly home: string }): Promise<DashboardBrowser> {
    const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
    // Its own sandbox needs rights that root in a container has not.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const browser = await chromium.launch({ executablePath: executablePath.trim(), args });
    try {
      const page = await browser.newPage({ viewport: { width: 1360, height: 800 } });
      const { stdout } = await runKerf(home, ["dashboard"]);
      const link = stdout.trim();
      // In a checkout the first one waits while the pages are built; that answer is none of theirs.
      await page.goto(link);
      await page.getByRole("navigation", { name: "Pages" }).waitFor({ timeout: 120_000 });
      return new DashboardBrowser(browser, page, new URL(link).origin);
    } catch (cause) {
      await browser.close();
      throw cause;
    }
  }

  /** Opens a page and waits for its heading. */
  async go(path: string): Promise<void> {
    await this.page.goto(this.url + path);
    await this.page.locator("main h1").waitFor({ state: "attached" });
  }

  /** What axe finds to be serious or critical, in words. */
  async faults(): Promise<string[]> {
    // As the developer's tools do it: the page's own policy would not let the script in.
    if ((await this.page.evaluate("typeof axe")) === "undefined")
      await this.page.evaluate(`${axe};0`);
    // What is well need not be described.
    const run = 'axe.run({ resultTypes: ["violations"] })';
    const { violations } = (await this.page.evaluate(run)) as {
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    };
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
