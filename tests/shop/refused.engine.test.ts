import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { eventually, runKerf, RunningShop } from "./running-shop.ts";
import { copyShop, type ShopCopy } from "./shop-copy.ts";

describe("what cannot start says what happened, why, and what to do", { timeout: 240_000 }, () => {
  let copy: ShopCopy;
  let home: string;

  before(async () => {
    copy = await copyShop();
  });
  after(() => copy.remove());
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "kerf-refused-"));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** Changes a file for the time of `work`. */
  async function changed(
    path: string,
    change: (text: string) => string,
    work: () => Promise<void>,
  ): Promise<void> {
    const file = copy.file(path);
    const text = await readFile(file, "utf8");
    assert.notEqual(change(text), text, `${path} is as it was`);
    await writeFile(file, change(text));
    try {
      await work();
    } finally {
      await writeFile(file, text);
    }
  }

  const dev = (...args: string[]) => runKerf(home, ["dev", "--app", copy.app, ...args]);

  test("a taken port", async () => {
    const holder = createServer();
    holder.listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as { port: number };
    try {
      const { code, stderr, stdout } = await dev("--port", String(port));
      assert.equal(code, 78);
      assert.match(stdout + stderr, new RegExp(`${port}`));
      assert.match(stdout + stderr, /PORT|--port/);
    } finally {
      holder.close();
    }
  });

  test("an unknown service in --cut", async () => {
    const { code, stderr, stdout } = await dev("--cut", "serach");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /serach/);
    assert.match(stdout + stderr, /search/);
  });

  test("a malformed contract: everything wrong with it, and where", async () => {
    await changed(
      "search/contract.ts",
      (text) => text.replace(`"1.0.0"`, `"one"`).replace(`"GET /search"`, `"FIND /search"`),
      async () => {
        const { code, stderr, stdout } = await dev();
        assert.equal(code, 78);
        for (const expected of [/version "one"/, /FIND \/search/, /search\/contract\.ts:\d+/])
          assert.match(stdout + stderr, expected);
      },
    );
  });

  test("a syntax error names the file and the line", async () => {
    await changed(
      "users/service.ts",
      (text) => `${text}\nconst = 3;\n`,
      async () => {
        const { code, stderr, stdout } = await dev();
        assert.equal(code, 78);
        assert.match(stdout + stderr, /users\/service\.ts:\d+/);
      },
    );
  });

  test("a broken migration stops its service alone, names file and place, and leaves nothing half done", async () => {
    const broken = (text: string): string =>
      `${text}\nCREATE TABLE extra (id int);\nALTER TABLE nothing ADD COLUMN x int;\n`;
    await changed("notifications/migrations/0001_messages.sql", broken, async () => {
      const shop = await RunningShop.start(["--app", copy.app, "--no-watch"], home);
      try {
        const said = await eventually("the problem is said", async () =>
          shop.output.includes("0001_messages.sql") ? shop.output : undefined,
        );
        assert.match(said, /nothing/);
        assert.equal((await new Customer(shop.url).get("/products?limit=1")).status, 200);
        const customer = await Customer.signedUp(shop.url);
        assert.equal((await customer.get("/notifications")).status, 503);
        const { stdout } = await shop.kerf(
          "db",
          "shell",
          "notifications",
          "--owner",
          "--json",
          "-c",
          "SELECT count(*) FROM pg_tables WHERE tablename IN ('messages', 'extra')",
        );
        assert.match(stdout, /"0"/);
      } finally {
        await shop.stop();
      }
    });
  });

  test("a unit that crashes at start: its last lines are shown, and what to do; the others run", async () => {
    const crash = (text: string): string =>
      `${text}\nif (process.argv[1]?.includes("/host/")) throw new Error("no licence for today");\n`;
    await changed("catalog/service.ts", crash, async () => {
      const shop = await RunningShop.start(["--app", copy.app, "--no-watch"], home);
      try {
        const said = await eventually("the crash is said", async () =>
          shop.output.includes("no licence for today") ? shop.output : undefined,
        );
        assert.match(said, /catalog/);
        const { stdout } = await shop.kerf("status");
        assert.match(stdout, /catalog[\s\S]*(restarting|crashed|starting)/);
        assert.equal((await new Customer(shop.url).get("/inventory/rule-steel")).status, 200);
        assert.equal((await new Customer(shop.url).get("/products")).status, 503);
      } finally {
        await shop.stop();
      }
    });
  });

  test("a second platform on the same home", async () => {
    const shop = await RunningShop.start(["--cut", "none"], home);
    try {
      const { code, stderr, stdout } = await runKerf(home, ["dev", "--app", copy.app]);
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, /already|running|taken/);
      assert.equal((await new Customer(shop.url).get("/products?limit=1")).status, 200);
    } finally {
      await shop.stop();
    }
  });

  test("an unknown operation names the ones that are near", async () => {
    const shop = await RunningShop.start(["--cut", "none"], home);
    try {
      const { code, stderr } = await shop.kerf("call", "catalog.lst", "{}");
      assert.equal(code, 1);
      assert.match(stderr, /catalog\.list/);
      const unknown = await shop.kerf("logs", "catalogue");
      assert.notEqual(unknown.code, 0);
      assert.match(unknown.stderr, /catalog/);
    } finally {
      await shop.stop();
    }
  });
});
