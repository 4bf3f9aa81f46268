import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { eventually, RunningShop, runs } from "./running-shop.ts";

describe("the launcher ends", { timeout: 180_000 }, () => {
  test("Ctrl-C stops everything within 10 s; the next start finds the data; kill -9 of the launcher ends everything within 5 s", async () => {
    const home = await mkdtemp(join(tmpdir(), "kerf-shop-"));
    try {
      const first = await RunningShop.start([], home);
      const email = "keeper@example.com";
      const registered = await new Customer(first.url).post("/users", {
        email,
        name: "Ada",
        password: "kept for later",
      });
      assert.equal(registered.status, 201);
      const pids = await first.pids();
      assert.ok(pids.length >= 12, `${pids.length} processes`);
      const took = await first.stop();
      assert.ok(took < 10_000, `took ${took} ms`);
      assert.deepEqual(pids.filter(runs), []);

      const second = await RunningShop.start([], home);
      const session = await new Customer(second.url).post("/sessions", {
        email,
        password: "kept for later",
      });
      assert.equal(session.status, 201);
      const running = await second.pids();
      const killed = performance.now();
      second.launcher.kill("SIGKILL");
      await eventually(
        "everything ends",
        async () => (running.some(runs) ? undefined : true),
        10_000,
      );
      const ended = performance.now() - killed;
      assert.ok(ended < 5_000, `took ${ended} ms`);
      // What a killed launcher leaves must not stop the next start.
      const third = await RunningShop.start(["--cut", "none"], home);
      assert.equal(
        (await new Customer(third.url).post("/sessions", { email, password: "kept for later" }))
          .status,
        201,
      );
      await third.stop();
      assert.deepEqual(
        (await readdir(home)).filter(
          (name) => name === "platform.lock" || name === "platform.json",
        ),
        [],
      );
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
