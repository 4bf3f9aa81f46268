import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { eventually, runKerf, RunningShop } from "./running-shop.ts";
import { copyShop, type ShopCopy } from "./shop-copy.ts";

const guide = new URL("../../docs/guides/sagas.md", import.meta.url);

/** What `kerf saga ls|show --json` say of a saga, as far as it matters here. */
interface Saga {
  readonly id: string;
  readonly state: string;
  readonly lastStep: string | null;
}

/** A picture of the guide by the name on its fence. */
async function pictured(name: string): Promise<string | undefined> {
  const text = await readFile(guide, "utf8");
  return new RegExp(`\n\`\`\`text ${name}\n(.*?)\n\`\`\``, "s").exec(text)?.[1];
}

/** The records that `kerf saga show` draws and how it ended, without times and answers, which are other ones each time. */
function withoutTimes(drawn: string): string {
  const lines = drawn
    .split("\n")
    .slice(3)
    .filter((line) => line !== "" && !/^ {2}\d{4}-/.test(line));
  return lines
    .map((line) =>
      line
        .replace(/^ +(\d[\d.]* (?:ms|s|min) {2})?/, "")
        .replace(/(✓(?: pivot: nothing is undone from here on)?).*/, "$1"),
    )
    .join("\n");
}

/** Makes the shop's payments refuse to answer while a file is there. */
async function addSwitch(copy: ShopCopy): Promise<string> {
  const closed = copy.file("payments/closed");
  const file = copy.file("payments/service.ts");
  const text = await readFile(file, "utf8");
  const from = "    const { orderId, total } = input;\n";
  assert.ok(text.includes(from));
  const away = `if (existsSync(${JSON.stringify(closed)})) throw new KerfError("unavailable", "The bank is away.");`;
  await writeFile(
    file,
    `import { existsSync } from "node:fs";\nimport { KerfError } from "kerf";\n${text.replace(from, `${from}    ${away}\n`)}`,
  );
  return closed;
}

describe("the sagas of the shop", { timeout: 180_000 }, () => {
  let copy: ShopCopy;
  let shop: RunningShop;
  let customer: Customer;
  let closed: string;
  const known = new Set<string>();

  before(async () => {
    copy = await copyShop();
    closed = await addSwitch(copy);
    shop = await RunningShop.start(["--app", copy.app, "--replicas", "2"]);
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
    await copy?.remove();
  });

  async function kerf<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await runKerf(shop.home, [...args, "--json"]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  }

  /** Places an order and answers the id of its checkout. */
  async function place(method: string): Promise<string> {
    const items = [{ sku: "saw-dovetail", quantity: 1 }];
    const { status } = await customer.post("/orders", { items, payment: { method } });
    assert.equal(status, 202);
    const all = await kerf<Saga[]>("saga", "ls", "orders", "--all");
    const [fresh, ...others] = all.map((saga) => saga.id).filter((id) => !known.has(id));
    assert.ok(fresh !== undefined && others.length === 0);
    known.add(fresh);
    return fresh;
  }

  const show = (id: string) => kerf<Saga>("saga", "show", id);

  const until = (id: string, isThere: (saga: Saga) => boolean) =>
    eventually(
      `the saga ${id} is there`,
      async () => {
        const saga = await show(id);
        return isThere(saga) ? saga : undefined;
      },
      30_000,
    );

  /** Ends all copies of it with -9. */
  async function kill(unit: string): Promise<void> {
    const { units } = await shop.status();
    for (const { pid } of units.find(({ name }) => name === unit)?.instances ?? []) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        // A copy that was just replaced may have gone meanwhile.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  }

  /** What `kerf saga show` draws. */
  async function drawn(id: string): Promise<string> {
    const { code, stdout, stderr } = await runKerf(shop.home, ["saga", "show", id]);
    assert.equal(code, 0, stderr);
    return withoutTimes(stdout.trimEnd());
  }

  test("paid: the picture of the guide is what happened", async () => {
    const id = await place("card-ok");
    await until(id, ({ state }) => state === "completed");
    assert.equal(await drawn(id), await pictured("paid"));
  });

  test("declined: the picture of the guide is what happened", async () => {
    const id = await place("card-declined");
    await until(id, ({ state }) => state === "undone");
    assert.equal(await drawn(id), await pictured("declined"));
  });

  test("crash: killed while it asks for the money, one goes on in the next process and a cancelled one is undone", async () => {
    await writeFile(closed, "");
    const kept = await place("card-ok");
    const cancelled = await place("card-ok");
    const isAsking = ({ lastStep }: Saga): boolean => lastStep === "reserved";
    await until(kept, isAsking);
    await until(cancelled, isAsking);
    assert.equal(await drawn(kept), await pictured("crash"));

    // Code without the version that they began with is refused, and what ran goes on.
    const checkout = copy.file("orders/checkout.ts");
    const text = await readFile(checkout, "utf8");
    await writeFile(checkout, text.replace("version: 1,", "version: 2,"));
    await eventually("the refusal is said", async () =>
      shop.output.includes("checkout version 1 (2 instances)") ? true : undefined,
    );
    assert.equal((await customer.get("/orders")).status, 200);
    await writeFile(checkout, text);

    await kerf("saga", "cancel", cancelled, "--note", "they changed their mind");
    await kill("orders");
    await rm(closed);
    await until(kept, ({ state }) => state === "completed");
    assert.equal(await drawn(kept), await pictured("paid"));
    await until(cancelled, ({ state }) => state === "undone");
    const picture = (await drawn(cancelled)).replace(/by \S+:/, "by OPERATOR:");
    assert.equal(picture, await pictured("cancelled"));
    const refused = await runKerf(shop.home, ["saga", "retry", cancelled]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /only one that is stuck can be tried again/);
  });
});
