// Boundary: `npm run screenshots`, which starts the shop, sends it some requests, and makes the pictures in docs/pictures.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Customer } from "../shop/customer.ts";
import { RunningShop } from "../shop/running-shop.ts";
import { DashboardBrowser } from "./browser.ts";

const folder = join(import.meta.dirname, "../../docs/pictures");
/** What is shown, by the name of its picture. */
const shown: Readonly<Record<string, string>> = {
  map: "/?box=unit:orders",
  services: "/services",
  traces: "/traces",
};

mkdirSync(folder, { recursive: true });
const shop = await RunningShop.start();
try {
  const browser = await DashboardBrowser.open(shop);
  try {
    const customer = await Customer.signedUp(shop.url);
    for (let round = 0; round < 20; round++)
      for (const path of ["/products", "/search?q=mug", "/users/me"]) await customer.get(path);
    await browser.page.setViewportSize({ width: 1280, height: 720 });
    for (const [name, path] of Object.entries(shown)) {
      await browser.go(path);
      await browser.page.waitForLoadState("domcontentloaded");
      await browser.page.locator("main .state, main tbody tr").first().waitFor();
      const file = join(folder, `${name}.png`);
      await browser.page.screenshot({ path: file });
      console.log(file);
    }
  } finally {
    await browser.close();
  }
} finally {
  await shop.stop();
  await shop.remove();
}
