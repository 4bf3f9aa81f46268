// Boundary: the dashboard as a person uses it: the real shop, the system's Chromium, every page with an action on it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hasProgram, lacking } from "../engines.ts";
import { Customer } from "../shop/customer.ts";
import { platformClient } from "../shop/platform-client.ts";
import { hasPython } from "../shop/python.ts";
import { eventually, RunningShop } from "../shop/running-shop.ts";
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

  test("the first hour: an order is placed, recommendations are broken and mended, and a failure leads to why", async () => {
    await browser.go("/");
    const offers = browser.page.getByRole("region", { name: "Try it" });
    const offer = (name: string) => offers.getByRole("button", { name });
    await offers.getByText(/^kerf call orders\.place '.*--as ada$/).waitFor();
    await offer("Place an order").click();
    await offers.getByText("orders.place answered").waitFor();
    await offers.getByRole("link", { name: "its trace" }).waitFor();
    if (hasPython) {
      await offers.getByText("kerf stop recommendations").waitFor();
      await offer("Break recommendations").click();
      await offer("Start recommendations again").waitFor();
      const customer = await Customer.signedUp(shop.url);
      const { body } = await customer.get("/home");
      assert.deepEqual(body.degraded, ["recommendations"]);
      await offers.getByText("kerf start recommendations").waitFor();
      await offer("Start recommendations again").click();
      await offer("Break recommendations").waitFor({ timeout: 60_000 });
    }
    await offers.getByRole("link", { name: "Why did this fail?" }).click();
    await browser.page.locator(".sentence").waitFor();
  });

  test("a failed trace is held against one that did not fail: work side by side, attributes apart", async () => {
    const customer = await Customer.signedUp(shop.url);
    const items = [{ sku: "clamp-f", quantity: 1 }];
    await customer.post("/orders", { items, payment: { method: "card-ok" } });
    await browser.go("/traces?q=service%3Aorders");
    await browser.page
      .getByRole("link", { name: /POST \/orders/ })
      .first()
      .click();
    await browser.page.getByRole("link", { name: "Compare" }).click();
    await browser.page.getByLabel("Beside").waitFor();
    await browser.page.getByText(/pieces of work in both/).waitFor();
    await browser.page.locator(".pair").first().waitFor();
    await browser.page.getByText(/^kerf traces trace:.* --compare trace:/).waitFor();
    await browser.page.getByRole("table", { name: "What tells them apart" }).waitFor();
    assert.deepEqual(await browser.faults(), []);
  });

  test("a spike is dragged over, and what its traces have in common is told", async () => {
    await browser.go("/traces");
    await button("The slowest tenth").click();
    const differences = browser.page.getByRole("table", { name: "What tells them apart" });
    await differences.getByRole("row").nth(1).waitFor();
    await button("Choose nothing").click();
    await differences.waitFor({ state: "detached" });
    const plot = browser.page.getByRole("img", { name: /^Durations/ });
    const box = await plot.boundingBox();
    assert.ok(box !== null);
    await browser.page.mouse.move(box.x + 2, box.y + 2);
    await browser.page.mouse.down();
    await browser.page.mouse.move(box.x + box.width - 2, box.y + box.height / 2, { steps: 4 });
    await browser.page.mouse.up();
    await browser.page.waitForURL(/spike=/);
    await browser.page
      .getByText(/^kerf traces 'root:true duration:>=.*' --compare '' --from .* --to /)
      .waitFor();
    await differences.getByRole("row").nth(1).waitFor();
    assert.deepEqual(await browser.faults(), []);
  });

  test("the map: a service is joined with another one, and cut out again", async () => {
    await browser.go("/?box=unit:notifications");
    await button("Join").click();
    await dialog().getByLabel("Into the unit").selectOption("users");
    await dialog().getByText("kerf join notifications users").waitFor();
    await doIt("Join notifications into users", report);
    await browser.go("/?box=unit:users");
    await button("Cut").click();
    await dialog().getByLabel("Service").selectOption("notifications");
    await dialog().getByText("kerf cut notifications").waitFor();
    await doIt("Cut notifications out of users", report);
    const { units } = await shop.status();
    assert.deepEqual(units.find(({ name }) => name === "notifications")?.services, [
      "notifications",
    ]);
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
    const operator = await platformClient(shop.home);
    // Calls that have no time at all fail where they are served.
    const call = { service: "catalog", operation: "list", input: {}, deadlineMs: 1 };
    const misses = "catalog.list misses its objective";
    await eventually(
      "the alert fires",
      async () => {
        await Promise.allSettled(Array.from({ length: 20 }, () => operator.invoke(call)));
        return (await operator.alerts({})).alerts[0];
      },
      60_000,
    );
    await browser.go("/services");
    const mark = browser.page.getByRole("status").getByText(misses);
    await mark.waitFor();
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
    await mark.waitFor({ state: "hidden" });
    await browser.page.getByRole("row", { name: /^catalog\.list .* known/ }).waitFor();
    await button("End").click();
    await doIt("End the silence");
    await mark.waitFor();
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
      // Charts follow the new width a moment later.
      await browser.page.waitForFunction("document.documentElement.scrollWidth === 390");
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
