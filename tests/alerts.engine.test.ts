import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newTrace } from "@kerf/kernel";
import { formatTraceparent } from "@kerf/telemetry";
import { MailReceiver, WebhookReceiver } from "./alerts/receivers.ts";
import { Customer } from "./shop/customer.ts";
import { eventually } from "./shop/running-shop.ts";
import { ReleasedShop } from "./soak/released-shop.ts";
import { SourceCopy } from "./soak/source-copy.ts";

/** How long something may take until it is noticed, told or over, milliseconds: windows of this test, and a busy machine. */
const boundMs = 120_000;
const authorise = "async authorise({ input, db, emit, config, secrets }) {";
const app = 'export default app("shop", {';
/** The arithmetic is the same; only the windows are of seconds. */
const alerts =
  "alerts: { windows: [{ longMs: 60_000, shortMs: 20_000, rate: 14.4 }], leastFailures: 3 },";

interface Listed {
  readonly alerts: readonly {
    readonly id: string;
    readonly service: string;
    readonly operation: string;
    readonly silence?: string;
    readonly told: readonly string[];
    readonly traces: readonly string[];
    readonly acknowledged?: { readonly note?: string };
  }[];
}

describe("payments fails, and somebody is told", { timeout: 600_000 }, () => {
  let source: SourceCopy;
  let shop: ReleasedShop;
  let customer: Customer;
  const webhook = new WebhookReceiver("a secret of the webhook");
  const mail = new MailReceiver("kerf", "p@ss");

  before(async () => {
    source = await SourceCopy.make();
    const file = join(source.folder, "shop", "app.ts");
    const text = await readFile(file, "utf8");
    assert.ok(text.includes(app));
    await writeFile(file, text.replace(app, `${app}\n  ${alerts}`));
    shop = await ReleasedShop.start(file);
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
    await source?.remove();
    webhook.close();
    await mail.close();
  });

  async function given(name: string, text: string): Promise<string> {
    const file = join(shop.home, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  /** Deploys payments with code that begins with `first`. */
  async function release(first: string): Promise<void> {
    const service = join(source.folder, "shop", "payments", "service.ts");
    const text = await readFile(service, "utf8");
    const begin = text.indexOf(authorise) + authorise.length;
    const rest = text.slice(begin).replace(/^\n *throw new TypeError.*\n/, "\n");
    await writeFile(service, text.slice(0, begin) + (first === "" ? "" : `\n${first}`) + rest);
    await shop.deploy("payments", "--watch", "0");
  }

  async function order(): Promise<void> {
    const placed = await customer.post(
      "/orders",
      { items: [{ sku: "clamp-f", quantity: 1 }], payment: { method: "card-ok" } },
      { traceparent: formatTraceparent(newTrace(true)) },
    );
    assert.equal(placed.status, 202);
  }

  /** Goes on ordering until something is so. */
  function ordering<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    return eventually(
      what,
      async () => {
        await order();
        return attempt();
      },
      boundMs,
    );
  }

  const ofPayments = () => webhook.of("payments", "authorise");
  const listed = async () =>
    (await shop.kerf<Listed>("alerts")).alerts.find(
      ({ operation, service }) => service === "payments" && operation === "authorise",
    );

  test("destinations are tried, and never show what is secret; a rota is told to who is on call", async () => {
    const url = await given("webhook-url", await webhook.listen());
    const secret = await given("webhook-secret", `${webhook.secret}\n`);
    const smtp = await given("smtp-url", `smtp://kerf:p%40ss@${await mail.listen()}\n`);
    const add = ["alerts", "destinations", "add"];
    await shop.kerf(...add, "chat", "--webhook", "--file", url, "--sign-with", secret);
    await shop.kerf(...add, "mail", "--email", "--file", smtp, "--from", "kerf@example.org");
    const people = ["ada", "grace"].map((name) => ({ name, email: `${name}@example.org` }));
    const begins = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    const rota = JSON.stringify({ people, begins, timeZone: "Europe/Berlin", handOver: "00:00" });
    await shop.kerf("oncall", "set", "payments-team", "--file", await given("rota.json", rota));
    await shop.kerf("alerts", "destinations", "test", "chat");
    // Who is replaced before anybody was told is told of nothing.
    await eventually(
      "ada is told",
      async () => mail.mails.find(({ text }) => text.includes("ada is on call")),
      boundMs,
    );
    await shop.kerf("oncall", "swap", "payments-team", "--to", "grace", "--until", "12h");
    const told = await eventually(
      "the hand-over is told",
      async () => mail.mails.find(({ to }) => to.length === 2),
      boundMs,
    );
    assert.deepEqual(told.to, ["ada@example.org", "grace@example.org"]);
    assert.match(told.text, /ada hands over to grace/);
    const { stdout } = await shop.run("alerts", "destinations");
    assert.match(stdout, /chat +webhook, signed +127\.0\.0\.1:\d+ +all +well/);
    assert.ok(!/t0ken|p%40ss|p@ss/.test(stdout));
    assert.deepEqual(webhook.unsigned, []);
  });

  test("silenced, it fires and nobody is told", async () => {
    await shop.kerf("alerts", "silence", "payments", "--for", "1h", "--because", "we break it");
    await release('throw new TypeError("total is undefined");');
    const alert = await ordering("payments.authorise fires", listed);
    assert.ok(alert.silence !== undefined);
    await ordering("traces show it", async () =>
      (await listed())?.traces.length ? true : undefined,
    );
    assert.deepEqual(ofPayments(), []);
  });

  test("when the silence ends, it is told with owner, who is on call, traces and the last change, once", async () => {
    const { silences } = await shop.kerf<{ silences: readonly { id: string }[] }>(
      "alerts",
      "silences",
    );
    await shop.kerf("alerts", "end", silences[0]?.id ?? "");
    const notice = await ordering("the webhook has it", async () => ofPayments()[0]);
    assert.equal(notice.kind, "firing");
    assert.equal(notice.owner, "payments-team");
    assert.equal(notice.onCall?.name, "grace");
    assert.match(notice.change ?? "", /^payments was deployed by .* before$/);
    assert.match(notice.text, /^payments\.authorise misses its objective of 99\.9 %/);
    const [trace] = notice.traces ?? [];
    const shown = await shop.kerf<{ spans: readonly { service: string }[] }>(
      "trace",
      trace?.id ?? "",
    );
    assert.ok(shown.spans.some(({ service }) => service === "payments"));
    const sent = await eventually(
      "the mail is there",
      async () => mail.mails.find(({ text }) => text.includes("firing: payments.authorise")),
      boundMs,
    );
    assert.deepEqual(sent.to, ["grace@example.org"]);
    for (const part of ["payments-team", "was deployed by", `kerf trace ${trace?.id}`])
      assert.ok(sent.text.replaceAll("=\r\n", "").includes(part), `${part}\n${sent.text}`);

    // Killed and started again, it goes on from what it had told.
    await shop.kerf("alerts", "ack", notice.alert?.id ?? "", "--note", "at it");
    process.kill((await shop.status()).platform.pid, "SIGKILL");
    await shop.kerf("up", "--app", shop.app);
    const again = await ordering("it is known after a restart", listed);
    assert.equal(again.id, notice.alert?.id);
    assert.deepEqual([...again.told].toSorted(), ["chat", "mail"]);
    assert.equal(again.acknowledged?.note, "at it");
  });

  test("when payments is mended, that is told too; nothing was told twice", async () => {
    await release("");
    const ended = await ordering("its end is told", async () =>
      ofPayments().find(({ kind }) => kind === "resolved"),
    );
    assert.match(ended.text, /^payments\.authorise meets its objective of 99\.9 % again/);
    const kinds = ofPayments().map(({ kind }) => kind);
    assert.deepEqual(kinds, ["firing", "resolved"]);
    const { entries } = await shop.kerf<{ entries: readonly { action: string }[] }>("audit");
    const actions = entries.map(({ action }) => action);
    for (const action of ["addDestination", "addSilence", "endSilence", "swapOnCall"])
      assert.ok(actions.includes(action), action);
  });
});
