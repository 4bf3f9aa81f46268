import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLogger } from "@kerf/telemetry";
import { assembleGateway } from "../gateway.ts";
import { FrontPlatform } from "../testing/platform.ts";

/** Two instances of one gateway, with a limit of so many requests in an hour that they share. */
async function twoDoors(
  t: TestContext,
  requests: number,
): Promise<{ platform: FrontPlatform; doors: readonly string[] }> {
  const platform = await FrontPlatform.start(t);
  const settings = {
    limits: [{ by: "everyone", rate: { requests, perMs: 3_600_000 }, shared: true }],
  };
  platform.change(({ gateways }) => ({
    gateways: { web: { expose: gateways["web"]?.expose ?? [], uses: [], settings, instances: 2 } },
  }));
  await platform.startNotes();
  const doors = await Promise.all(
    ["web-1", "web-2"].map(async (instance) => {
      const snapshotFile = join(platform.directory, `${instance}.json`);
      const boot = platform.boot({ instance, snapshotFile });
      const gateway = await assembleGateway(boot, silentLogger);
      platform.before(() => gateway.lifecycle.stop());
      await gateway.lifecycle.start();
      return gateway.url as string;
    }),
  );
  return { platform, doors };
}

async function passes(url: string, times: number): Promise<number> {
  let admitted = 0;
  for (let n = 0; n < times; n++) {
    const { status } = await fetch(`${url}/notes`);
    assert.ok(status === 200 || status === 429);
    if (status === 200) admitted++;
  }
  return admitted;
}

test(
  "what one instance lets pass, the other does not let pass again",
  { timeout: 30_000 },
  async (t) => {
    const { platform, doors } = await twoDoors(t, 8);
    const [one, two] = doors as [string, string];
    const first = await fetch(`${one}/notes`);
    assert.equal(first.headers.get("ratelimit-policy"), '"everyone";q=8;w=3600');
    await platform.leased("web-1");
    let admitted = 1 + (await passes(one, 30)) + (await passes(two, 30));
    // Requests go on until both have heard of the keeper that an hour's tokens are gone; whatever passes until then counts.
    for (const url of doors) {
      for (;;) {
        const again = await fetch(`${url}/notes`);
        if (again.status === 200) admitted++;
        else if (Number(again.headers.get("retry-after")) > 60) break;
      }
    }
    // A share of 4 that the keeper has not acknowledged, and half a share ahead, are the most that each may have beyond its count.
    assert.ok(admitted >= 8 && admitted <= 8 + 2 * (4 + 2), `${admitted} passed`);
    for (const url of doors) assert.equal(await passes(url, 5), 0);
  },
);

test("without the keeper each instance goes on with its share", async (t) => {
  const { platform, doors } = await twoDoors(t, 8);
  platform.keeping = false;
  for (const url of doors) assert.equal(await passes(url, 8), 4, "half of 8");
  assert.deepEqual(platform.leases, []);
});
