// Boundary: the dashboard as a person uses it: the real shop, the system's Chromium, every page with an action on it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hasProgram, lacking } from "../engines.ts";
import { Customer } from "../shop/customer.ts";
import { RunningShop } from "../shop/running-shop.ts";
import { DashboardBrowser } from "./browser.ts";
import { sendLongTrace } from "./long-trace.ts";

const skip = lacking({ chromium: hasProgram("chromium") }) ?? false;
const pages = [
  "/",
  "/services",
  "/traces",
  "/why",
  "/logs",
  "/metrics",
  "/alerts",
  "/sagas",
  "/events",
  "/releases",
  "/contracts",
  "/settings",
  "/audit",
];

describe("the dashboard", { skip, timeout: 400_000 }, () => {
  let shop: RunningShop;
  let browser: DashboardBrowser;

  before(async () => {
    shop = await RunningShop.start();
    browser = await DashboardBrowser.open(shop);
    const customer = await Customer.signedUp(shop.url);
    for (const path of ["/products", "/search?q=mug", "/users/me"]) await customer.get(path);
  });
  after(async () => {
    await browser?.close();
    await shop?.stop();
    await shop?.remove();
  });

  const button = (name: string | RegExp) => browser.page.getByRole("button", { name });
  /** Of a change whose steps are all done. */
  const report = ".report .state.good";
  const dialog = () => browser.page.getByRole("dialog");
  /** Does what a dialog offers, and waits until it says that it is done; `where` it says so. */
  async function doIt(name: string | RegExp, where = ".state.good"): Promise<void> {
    await dialog().getByRole("button", { name }).click();
    await dialog().locator(where).last().waitFor({ timeout: 60_000 });
    await browser.page.keyboard.press("Escape");
    await dialog().waitFor({ state: "hidden" });
  }

  test("why: an order whose card is declined is explained, down to the answer that decided it", async () => {
    const customer = await Customer.signedUp(shop.url);
    const items = [{ sku: "clamp-f", quantity: 1 }];
    const { body } = await customer.post("/orders", {
      items,
      payment: { method: "card-declined" },
    });
    await browser.go(`/why?of=${body.id}`);
    await browser.page
      .getByText(/The saga checkout of orders was undone because payments\.authorise declined/)
      .waitFor({ timeout: 30_000 });
    await browser.page.getByText("← here it began").waitFor();
    await browser.page.getByRole("link", { name: "on a page of its own" }).click();
    await browser.page.getByRole("link", { name: "Why did this fail?" }).click();
    await browser.page.getByText(/payments\.authorise declined/).waitFor();
  });

  test("the map: a unit is opened and scaled, with its plan and its command first", async () => {
    await browser.go("/");
    await button(/^search ready/).click();
    assert.match(browser.page.url(), /box=unit/);
    await button("Scale").click();
    await dialog().getByLabel("Copies").fill("2");
    await dialog().getByText("kerf scale search 2").waitFor();
    await doIt("Scale search to 2", report);
    const { units } = await shop.status();
    assert.equal(units.find(({ name }) => name === "search")?.instances.length, 2);
    await button(/^search ready 2\/2/).waitFor();
  });

  test("services: one is found and started anew", async () => {
    await browser.go("/services");
    await browser.page.keyboard.press("/");
    await browser.page.keyboard.type("catalog");
    await browser.page.getByRole("row").nth(2).waitFor({ state: "detached" });
    const before = await shop.pids();
    await button("Restart").click();
    await doIt("Restart catalog", report);
    const now = await shop.pids();
    assert.ok(before.some((pid) => !now.includes(pid)));
  });

  test("contracts: an operation is tried, and its trace has what it did", async () => {
    await browser.go("/contracts?of=catalog&operation=list");
    await button("Call").click();
    await browser.page.getByRole("heading", { name: "Answer" }).waitFor();
    await browser.page.getByRole("link", { name: /^[0-9a-f]{32}$/ }).click();
    // A busy machine takes its time to write spans down; the page asks until they are there.
    await browser.page.locator("[data-row]").first().waitFor({ timeout: 60_000 });
  });

  test("traces and logs are searched", async () => {
    await browser.go("/traces?q=service%3Acatalog");
    await browser.page.locator("tbody tr").first().waitFor();
    await browser.page.locator("tbody tr a").first().click();
    await browser.page.locator("[data-row]").first().click();
    await browser.page.getByRole("article").waitFor();
    await browser.go("/logs?q=service%3Acatalog");
    await browser.page.locator(".line").first().waitFor();
    const sources = await browser.page.locator(".line .source").allTextContents();
    assert.deepEqual([...new Set(sources)], ["catalog"]);
    await browser.page.getByLabel("live").check();
    await browser.page.locator(".line").first().waitFor();
  });

  test("metrics: a service is chosen, and the address says so", async () => {
    await browser.go("/metrics");
    await browser.page.getByLabel("Of").selectOption("catalog");
    await browser.page.waitForURL(/of=catalog/);
  });

  test("alerts: what is missed stands on every page, is acknowledged and silenced", async () => {
    // A call that has no time at all fails where it is served.
    const hopeless = ["call", "catalog.list", "--deadline", "1ms"];
    await Promise.all(Array.from({ length: 6 }, () => shop.kerf(...hopeless)));
    await browser.go("/services");
    await browser.page.getByText("catalog.list missed").waitFor({ timeout: 60_000 });
    await browser.page.getByRole("status").getByRole("link", { name: "Alerts" }).click();
    await button("catalog.list").click();
    const card = browser.page.getByRole("article", { name: "Alert catalog.list" });
    await card.getByRole("img", { name: /faster than allowed/ }).waitFor();
    await button("Acknowledge").click();
    await dialog().getByLabel("Note").fill("at it");
    await doIt("Acknowledge the alert");
    await card.getByText(/takes care of it .*at it/).waitFor();
    await button("Silence").click();
    await dialog().getByLabel("Because").fill("known");
    await dialog().getByText("kerf alerts silence catalog.list --for 2h --because known").waitFor();
    await doIt("Silence catalog.list");
    await browser.page.getByText("catalog.list missed").waitFor({ state: "hidden" });
    await browser.page.getByRole("row", { name: /^catalog\.list .* known/ }).waitFor();
    await button("End").click();
    await doIt("End the silence");
    await browser.page.getByText("catalog.list missed").waitFor();
  });

  test("a schedule is run, and events are replayed", async () => {
    await browser.go("/sagas");
    await button("Run now").click();
    await doIt(/^Run /);
    await browser.go("/events");
    await browser.page.getByText("Nothing is parked.").waitFor();
    await browser.page
      .getByRole("row", { name: /^search catalog/ })
      .getByRole("button", { name: "Replay" })
      .click();
    await doIt(/^Replay /);
  });

  test("a secret is set and never shown; what was done is on record", async () => {
    await browser.go("/settings?of=payments");
    await browser.page
      .getByRole("row", { name: /^providerKey/ })
      .getByRole("button", { name: "Set" })
      .click();
    await dialog().getByLabel("Value").fill("never-to-be-seen");
    await doIt(/^Set /);
    await browser.go("/audit?q=setSecret");
    await browser.page.getByRole("row", { name: /setSecret/ }).waitFor();
    assert.ok(!(await browser.page.content()).includes("never-to-be-seen"));
    await browser.go("/releases");
    await browser.page.getByText("scale search").first().waitFor();
  });

  test("keys go everywhere", async () => {
    await browser.go("/");
    await browser.page.keyboard.press("g");
    await browser.page.keyboard.press("e");
    await browser.page.waitForURL(/\/events$/);
    await browser.page.keyboard.press("?");
    await dialog().getByText("Next and previous row").waitFor();
    await browser.page.keyboard.press("Escape");
  });

  for (const path of pages)
    test(`${path}: no serious fault in light and dark, nothing too wide for a phone`, async () => {
      await browser.go(path);
      for (const colorScheme of ["light", "dark"] as const) {
        await browser.page.emulateMedia({ colorScheme });
        assert.deepEqual(await browser.faults(), [], colorScheme);
      }
      await browser.page.setViewportSize({ width: 390, height: 800 });
      assert.equal(await browser.page.evaluate("document.documentElement.scrollWidth"), 390);
      await browser.page.setViewportSize({ width: 1360, height: 800 });
    });

  test("a trace of 2,000 spans keeps few rows in the page while it is scrolled", async (t) => {
    const traceId = await sendLongTrace(shop.home, 2_000);
    await browser.go(`/traces/${traceId}`);
    await browser.page.getByText(/2000 spans/).waitFor();
    const frames = (await browser.page.evaluate(`new Promise((resolve) => {
      const lines = document.querySelector(".lines");
      const frames = [];
      let most = 0;
      let last = performance.now();
      const step = (now) => {
        frames.push(now - last);
        last = now;
        most = Math.max(most, document.querySelectorAll("[data-row]").length);
        lines.scrollTop += 400;
        if (frames.length < 100) requestAnimationFrame(step);
        else resolve({ most, end: lines.scrollTop, p95: frames.sort((a, b) => a - b)[94] });
      };
      requestAnimationFrame(step);
    })`)) as { most: number; end: number; p95: number };
    t.diagnostic(`19 of 20 frames took at most ${frames.p95.toFixed(0)} ms`);
    assert.ok(frames.most < 150, `${frames.most} rows`);
    assert.ok(frames.end > 20_000);
  });

  test("the first page is there again, and how soon is printed", async (t) => {
    await browser.go("/");
    const since = performance.now();
    await browser.page.reload();
    await button(/^catalog ready/).waitFor();
    t.diagnostic(`the map can be used ${(performance.now() - since).toFixed(0)} ms after a reload`);
  });

  test("whoever signs out is shown how to sign in", async () => {
    assert.deepEqual(browser.complaints, []);
    await button("Sign out").click();
    await browser.page.getByText("kerf dashboard", { exact: true }).waitFor();
  });
});
