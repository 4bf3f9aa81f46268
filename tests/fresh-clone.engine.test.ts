// Boundary: the README as a newcomer follows it, from `git clone` to nothing left behind.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { hasProgram, lacking } from "./engines.ts";
import { type Account, ordinaryAccount, ownAccount } from "./fresh-clone/account.ts";
import { gone, processesOf } from "./fresh-clone/processes.ts";
import { startShop } from "./fresh-clone/shop.ts";

const checkout = resolve(import.meta.dirname, "..");
/** The first start installs everything, in milliseconds. */
const firstStart = 480_000;
/** Every later one only starts, in milliseconds; far beyond what it takes, since the machine is shared. */
const laterStart = 90_000;

const root = process.getuid?.() === 0;
const linux = {
  "Linux (it reads /proc)": process.platform === "linux",
  git: hasProgram("git"),
  npm: hasProgram("npm"),
};

test(
  "an ordinary user follows the README",
  { skip: lacking({ ...linux, ...(root ? { useradd: hasProgram("useradd") } : {}) }) ?? false },
  (t) => followReadme(t, root ? ordinaryAccount() : ownAccount()),
);

test(
  "root follows the README",
  { skip: lacking(linux) ?? (root ? false : "not root: the test above has shown it") },
  (t) => followReadme(t, ownAccount()),
);

async function followReadme(t: TestContext, account: Account): Promise<void> {
  const clone = mkdtempSync(join(tmpdir(), "kerf-clone-"));
  t.after(async () => {
    for (const { pid } of processesOf(clone)) process.kill(pid, "SIGKILL");
    await gone(clone, 5_000);
    rmSync(clone, { recursive: true, force: true });
    account.remove();
  });
  cloneInto(clone, account);
  const visitor = {
    email: "ada@example.com",
    name: "Ada",
    password: "correct horse battery staple",
  };

  await t.test("npm start sets everything up and the shop answers", async (t) => {
    const shop = await startShop(clone, account, firstStart);
    t.after(() => shop.npm.kill("SIGKILL"));
    const products = (await (await fetch(`${shop.url}/products`)).json()) as { items: unknown[] };
    assert.ok(products.items.length > 0, "seed data is there at the first start");
    assert.equal((await post(`${shop.url}/users`, visitor)).status, 201);

    process.kill(-shop.npm.pid!, "SIGINT");
    assert.deepEqual(
      await gone(clone, 10_000),
      [],
      `Ctrl-C leaves nothing behind:\n${shop.output()}`,
    );
  });

  await t.test("a second start keeps the data, and kill -9 of npm ends everything", async (t) => {
    const shop = await startShop(clone, account, laterStart);
    t.after(() => shop.npm.kill("SIGKILL"));
    const { email, password } = visitor;
    assert.equal((await post(`${shop.url}/sessions`, { email, password })).status, 201);

    shop.npm.kill("SIGKILL");
    assert.deepEqual(
      await gone(clone, 5_000),
      [],
      `kill -9 leaves nothing behind:\n${shop.output()}`,
    );
  });
}

/** Clones what is committed into an empty folder, which then belongs to the account. */
function cloneInto(folder: string, { uid, gid }: Account): void {
  execFileSync("git", ["clone", "--quiet", "--no-local", checkout, folder]);
  execFileSync("chown", ["-R", `${uid}:${gid}`, folder]);
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
