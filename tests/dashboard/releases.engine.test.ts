// Boundary: releases in the dashboard as a person uses it: an app that `kerf up` runs, a deploy that is watched, the system's Chromium.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hasProgram, lacking } from "../engines.ts";
import { GeneratedApp } from "../releases/generated-app.ts";
import { LightLoad } from "../releases/light-load.ts";
import { ReleasedApp } from "../releases/released-app.ts";
import { DashboardBrowser } from "./browser.ts";

const skip = lacking({ chromium: hasProgram("chromium") }) ?? false;

describe("releases in the dashboard", { skip, timeout: 300_000 }, () => {
  let source: GeneratedApp;
  let app: ReleasedApp;
  let browser: DashboardBrowser;

  before(async () => {
    source = await GeneratedApp.write([{ name: "desk", hasDatabase: false, uses: [] }]);
    app = await ReleasedApp.up(source.module);
    browser = await DashboardBrowser.open(app);
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
    await app?.remove();
    await source?.remove();
  });

  const page = () => browser.page;
  const dialog = () => page().getByRole("dialog");
  const figures = () => page().getByRole("table", { name: /^desk: new release/ });
  async function decide(button: string, command: string): Promise<void> {
    await figures().getByRole("button", { name: button }).click();
    await dialog().getByText(command).waitFor();
    await dialog().locator("footer button").click();
    await dialog().locator(".state.good").waitFor();
    await page().keyboard.press("Escape");
    await dialog().waitFor({ state: "hidden" });
  }
  const edition = async (): Promise<unknown> =>
    ((await (await fetch(`${app.url}/desk/edition`)).json()) as { edition: unknown }).edition;

  test("while a release is watched it stands beside the one before; it is rolled back, and promoted", async () => {
    const load = new LightLoad(app.url, [{ method: "GET", path: "/desk/edition" }]);
    try {
      await source.setEdition("desk", 2);
      await browser.go("/releases");
      const unwanted = app.run("deploy", "desk", "--app", app.app, "--watch", "300");
      await figures()
        .getByRole("row", { name: /^desk, new 2/ })
        .waitFor({ timeout: 60_000 });
      await figures()
        .getByRole("row", { name: /^desk, before 1 [1-9]/ })
        .waitFor();
      assert.deepEqual(await browser.faults(), []);
      await decide("Roll back", "kerf abandon desk");
      const { code, stderr } = await unwanted;
      assert.notEqual(code, 0);
      assert.match(stderr, /went back while the new release was watched/);
      assert.equal(await edition(), 1);
      await figures().waitFor({ state: "detached" });

      const wanted = app.deploy("desk", "--watch", "300");
      await figures().waitFor({ timeout: 60_000 });
      await decide("Promote", "kerf promote desk");
      assert.equal((await wanted).kind, "deploy");
      assert.equal(await edition(), 2);
    } finally {
      await load.stop();
    }
  });

  test("what is finished is rolled back, once the gate has been asked", async () => {
    await browser.go("/releases");
    await page()
      .getByRole("row", { name: /^desk 1 / })
      .getByRole("button", { name: "Roll back" })
      .click();
    await dialog().getByText("The gate says:").waitFor();
    await dialog().getByText("kerf rollback desk 1").waitFor();
    await dialog().getByRole("button", { name: "Roll desk back to release 1" }).click();
    await dialog().locator(".report .state.good").waitFor({ timeout: 60_000 });
    assert.equal(await edition(), 1);
    assert.deepEqual(browser.complaints, []);
  });
});
