// Boundary: `kerf tour` as a newcomer makes it: through a shop that runs, through one of its own, and through one that does not keep its promises.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gone } from "./fresh-clone/processes.ts";
import { hasPython } from "./shop/python.ts";
import { eventually, type Outcome, RunningShop, runKerf, startKerf } from "./shop/running-shop.ts";
import { copyShop } from "./shop/shop-copy.ts";

/** What has to be shown here. */
const shown = [
  "order",
  "declined",
  "trace",
  "why",
  ...(hasPython ? ["degraded"] : []),
  "redeploy",
  "scale",
  "cut",
];

/** Every act that can be shown passed, and the last line says so. */
function assertPassed({ code, stderr, stdout }: Outcome): void {
  const said = `${stdout}\n${stderr}`;
  const [last = ""] = stdout.trimEnd().split("\n").slice(-1);
  assert.match(last, /^\d+ passed, 0 failed$/, said);
  assert.ok(Number.parseInt(last, 10) >= shown.length, said);
  assert.equal(code, 0, said);
  const heads = [...stdout.matchAll(/^\d+\/\d+ (\w+) /gm)].map(([, name]) => name);
  for (const name of shown) assert.ok(heads.includes(name), `${name} is missing:\n${said}`);
}

describe("in a shop that runs, with visitors in it", { timeout: 300_000 }, () => {
  let shop: RunningShop;

  before(async () => {
    shop = await RunningShop.start(["--traffic"]);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
  });

  test("the visitors are seen", async () => {
    await eventually("somebody has searched", async () => {
      const { stdout } = await shop.kerf("traces", "--json");
      return stdout.includes("GET /search") ? true : undefined;
    });
    assert.match(shop.output, /visitors come in/);
  });

  test("a token for some services is refused before anything is changed", async () => {
    const token = join(shop.home, "team-token");
    await shop.kerf("tokens", "add", "team", "--services", "payments", "--out", token);
    const refused = await shop.kerf("--token-file", token, "tour");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /may not do what the tour shows; nothing was changed/);
    assert.equal(refused.stdout, "");
  });

  test("every act passes, and what runs is as it was found", async () => {
    const found = await placement(shop);
    assertPassed(await shop.kerf("tour"));
    assert.deepEqual(await placement(shop), found);
    assert.doesNotMatch(shop.output, /the traffic ended/);
    // The one that it deploys to beside this one.
    assert.deepEqual(await gone("kerf-tour-", 5_000), []);
  });

  test("Ctrl-C while a second shop starts leaves nothing of that", async () => {
    const tour = shop.start("tour", "--act", "redeploy");
    await tour.said(/starting a second shop that runs releases/);
    assert.equal((await tour.interrupt()).code, 130);
    assert.deepEqual(await gone("kerf-tour-", 5_000), []);
  });

  test("Ctrl-C in the middle of a change puts that back too", async () => {
    const found = await placement(shop);
    const tour = shop.start("tour", "--act", "scale");
    await tour.said(/new copies are ready/);
    assert.equal((await tour.interrupt()).code, 130);
    assert.deepEqual(await placement(shop), found);
  });

  test("an act that there is not is named with those that there are", async () => {
    const { code, stderr } = await shop.kerf("tour", "--act", "sing");
    assert.equal(code, 2);
    assert.match(stderr, /no act "sing"[\s\S]+declined/);
  });
});

describe("in a shop that runs releases", { timeout: 300_000 }, () => {
  let home: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "kerf-released-"));
    const app = ["--app", "examples/shop/app.ts", "--cut", "payments"];
    const { code, stderr } = await runKerf(home, ["up", "--environment", "dev", ...app]);
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    await runKerf(home, ["down"]);
    await rm(home, { recursive: true, force: true });
  });

  /** Numbers of the releases of payments, and the one that runs. */
  const releases = async (): Promise<{ all: number[]; running: number | undefined }> => {
    const { stdout } = await runKerf(home, ["releases", "payments", "--json"]);
    const found = JSON.parse(stdout) as { number: number; running: boolean }[];
    return {
      all: found.map(({ number }) => number),
      running: found.find(({ running }) => running)?.number,
    };
  };

  test("payments are deployed there, and rolled back", async () => {
    const { code, stderr, stdout } = await runKerf(home, ["tour", "--act", "redeploy"]);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.doesNotMatch(stderr, /second shop/);
    assert.match(stdout, /payments@1 → payments@2 in .*, and back/);
    assert.deepEqual(await releases(), { all: [2, 1], running: 1 });
  });

  test("Ctrl-C in the middle of the deploy brings the release back that ran; the same build is the same release", async () => {
    const tour = startKerf(home, ["tour", "--act", "redeploy"]);
    await tour.said(/deploy payments: new copies are ready/, 120_000);
    const { code } = await tour.interrupt();
    assert.equal(code, 130, tour.output);
    assert.deepEqual(await releases(), { all: [2, 1], running: 1 });
    const { stdout } = await runKerf(home, ["audit", "--json"]);
    const { entries } = JSON.parse(stdout) as { entries: { action: string }[] };
    const actions = entries.map(({ action }) => action);
    assert.deepEqual(
      actions.filter((action) => action === "deploy" || action === "rollback").toSorted(),
      ["deploy", "deploy", "rollback", "rollback"],
    );
  });
});

describe("where no shop runs", { timeout: 300_000 }, () => {
  let home: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "kerf-no-shop-"));
  });
  after(() => rm(home, { recursive: true, force: true }));

  test("it starts one of its own, which is gone afterwards", async () => {
    assertPassed(await runKerf(home, ["tour"]));
    assert.deepEqual(await gone("kerf-tour-", 5_000), []);
  });

  test("a shop that charges declined cards fails the act that says so, and the tour", async (t) => {
    const copy = await copyShop();
    t.after(() => copy.remove());
    const provider = copy.file("payments/provider.ts");
    const source = await readFile(provider, "utf8");
    const broken = source.replace('method === "card-declined"', 'method === "nobody"');
    assert.notEqual(broken, source);
    await writeFile(provider, broken);
    const args = ["tour", "--act", "order", "--act", "declined", "--app", copy.app, "--json"];
    const { code, stdout, stderr } = await runKerf(home, args);
    assert.equal(code, 1, stderr);
    const told = JSON.parse(stdout);
    assert.deepEqual([told.passed, told.failed], [1, 1]);
    assert.match(told.acts[1].error.message, /with a declined card is confirmed/);
    assert.deepEqual(await gone("kerf-tour-", 5_000), []);
  });
});

/** Which services share a program, and how many copies of it there are. */
async function placement(shop: RunningShop): Promise<string[]> {
  const { units } = await shop.status();
  return units
    .map(({ instances, name, services }) => `${name}: ${services.join(" ")} ×${instances.length}`)
    .toSorted();
}
