import assert from "node:assert/strict";
import { on } from "node:events";
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Browser, browserOpener } from "./browser.ts";

test("a browser is opened for whoever sits at the machine, and for nobody else", () => {
  const desktop = { DISPLAY: ":0" };
  assert.equal(browserOpener(desktop, "linux", true), "xdg-open");
  assert.equal(browserOpener({ WAYLAND_DISPLAY: "wayland-0" }, "linux", true), "xdg-open");
  assert.equal(browserOpener({}, "darwin", true), "open");
  for (const env of [{}, { DISPLAY: "" }, { ...desktop, CI: "true" }, { ...desktop, SSH_TTY: "/" }])
    assert.equal(browserOpener(env, "linux", true), undefined);
  assert.equal(browserOpener(desktop, "linux", false), undefined);
});

test("its program is told a file of its user's own, and never the link", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-browser-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const opener = join(folder, "opener");
  writeFileSync(
    opener,
    `#!/bin/sh\nprintf %s "$*" > "${folder}/new" && mv "${folder}/new" "${folder}/told"\n`,
  );
  chmodSync(opener, 0o700);
  const told = watch(folder);
  t.after(() => told.close());
  const browser = new Browser(folder, opener);
  browser.open("http://127.0.0.1:8090/#code=once");
  for await (const [, name] of on(told, "change")) if (name === "told") break;
  const argument = readFileSync(join(folder, "told"), "utf8");
  assert.ok(!argument.includes("code"), argument);
  const file = fileURLToPath(argument);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, "utf8"), /url=http:\/\/127\.0\.0\.1:8090\/#code=once"/);
  browser.forget();
  assert.equal(statSync(file, { throwIfNoEntry: false }), undefined);
  new Browser(folder, join(folder, "no-such-program")).open("http://127.0.0.1/");
});
