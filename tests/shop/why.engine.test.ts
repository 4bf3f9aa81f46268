import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Explanation } from "@kerf/control-api";
import { newTrace } from "@kerf/kernel";
import { formatTraceparent } from "@kerf/telemetry";
import { ReleasedShop } from "../soak/released-shop.ts";
import { SourceCopy } from "../soak/source-copy.ts";
import { Customer } from "./customer.ts";
import { postgresServers } from "./postgres-places.ts";
import { eventually } from "./running-shop.ts";

/** How long an order may take to fail, and its spans to arrive, milliseconds. */
const boundMs = 60_000;
const authorise = "async authorise({ input, db, emit, config, secrets }) {";

describe("a checkout fails because of payments", { timeout: 300_000 }, () => {
  let source: SourceCopy;
  let shop: ReleasedShop;
  let customer: Customer;
  let good: string;

  before(async () => {
    source = await SourceCopy.make();
    good = await readFile(service(), "utf8");
    assert.ok(good.includes(authorise));
    shop = await ReleasedShop.start(join(source.folder, "shop", "app.ts"));
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
    await source?.remove();
  });

  const service = (): string => join(source.folder, "shop", "payments", "service.ts");

  /** Gives payments code that begins with `first`, and deploys it without looking at how it does. */
  async function release(first: string): Promise<void> {
    await writeFile(service(), good.replace(authorise, `${authorise}\n${first}`));
    await shop.deploy("payments", "--watch", "0");
  }

  /** Orders, and asks why until that is known to lie with `kind` of thing, and what was logged of it has arrived. */
  async function explained(
    kind: string,
    { method = "card-ok", says = /./ }: { method?: string; says?: RegExp } = {},
  ): Promise<Explanation> {
    const placed = await customer.post(
      "/orders",
      { items: [{ sku: "clamp-f", quantity: 1 }], payment: { method } },
      // Outside of development one trace in a hundred is recorded; who brings a flag asks for it.
      { traceparent: formatTraceparent(newTrace(true)) },
    );
    assert.equal(placed.status, 202);
    let last: unknown;
    return eventually(
      `why says ${kind}`,
      async () => {
        const { code, stderr, stdout } = await shop.run("why", placed.body.id, "--json");
        last = code === 0 ? stdout : stderr;
        if (code !== 0) return undefined;
        const told = JSON.parse(stdout) as Explanation;
        return told.cause?.kind === kind && says.test(told.sentence) ? told : undefined;
      },
      boundMs,
    ).catch((thrown: unknown) => assert.fail(`${String(thrown)}\n${String(last)}`));
  }

  test("that declines the card", async () => {
    const told = await explained("declined", { method: "card-declined" });
    assert.equal(told.cause?.service, "payments");
    assert.match(told.sentence, /payments\.authorise declined: .*payment declined/);
    assert.equal(told.saga?.state, "undone");
  });

  test("that was released with a bug", async () => {
    await release('throw new TypeError("total is undefined");');
    const says = /payments\.authorise threw in payments.*TypeError: total is undefined/;
    const told = await explained("bug", { says });
    assert.equal(told.cause?.service, "payments");
    assert.match(told.sentence, /payments was deployed by .* before\.$/);
    assert.equal(told.change?.action, "deploy");
    assert.equal(told.path.at(-1)?.service, "payments");
  });

  test("that is slow", async () => {
    await release("await new Promise((resolve) => setTimeout(resolve, 12_000));");
    const told = await explained("slow");
    assert.equal(told.cause?.service, "payments");
    assert.match(
      told.sentence,
      /payments\.authorise in payments.* (given up after|longer than it was given)/,
    );
  });

  test("that is down", async () => {
    await release("process.exit(1);");
    const told = await explained("down");
    assert.equal(told.cause?.service, "payments");
    assert.match(told.sentence, /payments did not answer payments\.authorise/);
  });

  test("that is without its database", async () => {
    await release("");
    const { payments } = await postgresServers(shop.home);
    const data = join(shop.home, "postgres", "payments", "data");
    // PostgreSQL does not start on data that others may read.
    await chmod(data, 0o755);
    process.kill(payments?.pid ?? 0, "SIGKILL");
    try {
      const told = await explained("database");
      assert.equal(told.cause?.service, "payments");
      assert.match(told.sentence, /payments was failed by its database/);
    } finally {
      await chmod(data, 0o700);
    }
  });
});
