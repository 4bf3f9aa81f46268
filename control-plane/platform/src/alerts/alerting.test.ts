import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { AuditEntry } from "@kerf/control-api";
import { KerfError, ManualClock, systemClock } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { silentLogger as log } from "@kerf/telemetry";
import { MasterKeys } from "../secrets/master-keys.ts";
import { SecretStore } from "../secrets/secret-store.ts";
import { SeenRevisions } from "../secrets/seen-revisions.ts";
import { StoreClient } from "../telemetry/store-client.ts";
import { queryServer } from "../telemetry-store/query/http.ts";
import { TelemetryStore } from "../telemetry-store/store.ts";
import { point, span } from "../telemetry-store/testing/rows.ts";
import { Alerting } from "./alerting.ts";
import { DestinationStore } from "./destinations/destination-store.ts";
import { pausesMs } from "./destinations/deliveries.ts";
import { signatureOf, sendWebhook } from "./destinations/webhook.ts";
import type { Notice } from "./notice.ts";
import { OnCall } from "./on-call/on-call.ts";
import { Silences } from "./silences.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 12);
const secret = "a secret of sixteen characters";
const contract = {
  operations: {
    authorise: {
      kind: "command",
      objective: { available: 0.999, within: { ms: 250, share: 0.9 } },
    },
  },
};
const manifest = {
  app: "shop",
  services: [{ name: "payments", owner: "money-team", runbook: "https://wiki/payments", contract }],
  gateways: [],
  alerts: { dashboard: "https://kerf.example.org/" },
} as unknown as AppManifest;
const deployed: AuditEntry = {
  at: new Date(start - 2 * minute).toISOString(),
  by: "ada",
  action: "deploy",
  asked: { builds: { payments: "1" } },
  result: "done",
};

/** A webhook that answers as it is told, and what it took. */
async function webhook(t: TestContext) {
  const taken: { notice: Notice; signature: string; body: string }[] = [];
  const answers: number[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const status = answers.shift() ?? 204;
      const signature = String(request.headers["kerf-signature"]);
      if (status < 300) taken.push({ notice: JSON.parse(body) as Notice, signature, body });
      response.writeHead(status, { location: "/elsewhere" }).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/t0ken`;
  return { url, taken, answers, kinds: () => taken.map(({ notice }) => notice.kind) };
}

/** Alerting over a real store and real files; time is moved by hand. */
async function setUp(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "kerf-alerting-"));
  const state = join(root, "state");
  const secretsIn = join(state, "secrets");
  mkdirSync(secretsIn, { recursive: true });
  const clock = new ManualClock(start);
  const store = new TelemetryStore(join(root, "telemetry"), { clock, log });
  const server = queryServer(store, () => clock.wall());
  await new Promise<void>((resolve) => server.listen(join(root, "store.sock"), resolve));
  t.after(() => {
    server.close();
    store.close();
    rmSync(root, { recursive: true });
  });
  // Only what waits for the store goes by the real clock.
  let client: StoreClient | undefined = new StoreClient(join(root, "store.sock"), systemClock);
  const secrets = new SecretStore({
    environment: "production",
    directory: secretsIn,
    keys: new MasterKeys(join(root, "master.json")),
    seen: new SeenRevisions(join(root, "seen.json")),
    clock,
    named: () => [],
  });
  const problems: string[] = [];
  const begin = () => {
    const silences = new Silences(state, clock);
    const onCall = new OnCall(state, clock);
    const destinations = new DestinationStore(state, clock, secrets);
    const alerting = new Alerting({
      clock,
      log,
      state,
      environment: "production",
      manifest: () => manifest,
      store: () => client,
      changes: () => [deployed],
      unitOf: () => "main",
      url: () => "http://127.0.0.1:8090",
      silences,
      onCall,
      destinations,
      senders: {
        webhook: (sending) => sendWebhook(sending, () => clock.wall()),
        email: () => Promise.reject(new KerfError("unavailable", "No mail server.")),
      },
      random: () => 1,
      problem: (_error, source) => problems.push(source),
    });
    return { alerting, silences, onCall, destinations };
  };
  /** Six calls a minute for some minutes, of which some fail, or are slow. */
  const calls = async (
    minutes: number,
    more: { failed?: number; seconds?: number; of?: string; error?: string } = {},
  ): Promise<void> => {
    for (let i = 0; i < minutes * 6; i++) {
      await clock.advance(10_000);
      const {
        error = "internal",
        failed = 0,
        of: name = "kerf.server.duration",
        seconds = 0.01,
      } = more;
      const of = (count: number, attributes: Record<string, string>) =>
        point({
          service: "payments",
          name,
          unit: "s",
          kind: "histogram",
          attributes: { "rpc.service": "payments", "rpc.method": "authorise", ...attributes },
          at: (clock.wall() - 1) * 1_000,
          value: seconds * count,
          count,
          buckets: [[seconds / 2, seconds, count]],
        });
      store.add([
        ...(failed === 100 ? [] : [of(100 - failed, {})]),
        ...(failed === 0 ? [] : [of(failed, { "error.type": error })]),
      ]);
    }
  };
  const failingTrace = (): string => {
    const row = span({
      service: "payments",
      name: "payments/authorise",
      failed: true,
      startedAt: (clock.wall() - 1_000) * 1_000,
      endedAt: clock.wall() * 1_000,
      attributes: { "rpc.service": "payments", "rpc.method": "authorise" },
    });
    store.add([row]);
    return row.span.traceId.toString("hex");
  };
  return {
    state,
    clock,
    secrets,
    problems,
    begin,
    calls,
    failingTrace,
    away: (isAway: boolean) => {
      client = isAway ? undefined : new StoreClient(join(root, "store.sock"), systemClock);
    },
  };
}

async function round(alerting: Alerting): Promise<void> {
  await alerting.round();
  await alerting.notifier.idle();
}

test("what is missed is told once, with all that helps; a restart and a silence keep quiet; its end is told", async (t) => {
  const around = await setUp(t);
  const { calls, clock } = around;
  const { kinds, taken, url } = await webhook(t);
  let { alerting, destinations, onCall, silences } = around.begin();
  const again = (): void => void ({ alerting, destinations, onCall, silences } = around.begin());
  const to = { kind: "webhook" as const, url, secret };
  await destinations.add({ name: "chat", to }, "ada");
  await onCall.set("money-team", {
    people: [{ name: "grace", email: "grace@example.org" }],
    turnDays: 7,
    timeZone: "UTC",
    handOver: "09:00",
    begins: "2026-01-05",
  });

  await t.test("well", async () => {
    await calls(10);
    await round(alerting);
    assert.deepEqual(kinds(), ["hand-over"]);
    assert.deepEqual(alerting.list(true), []);
  });

  await t.test("missed", async () => {
    const traceId = around.failingTrace();
    await calls(3, { failed: 40 });
    await round(alerting);
    await round(alerting);
    assert.deepEqual(kinds(), ["hand-over", "firing"]);
    const { body, notice, signature } = taken[1] ?? assert.fail();
    assert.equal(signature, signatureOf(secret, Math.floor(clock.wall() / 1_000), body));
    assert.equal(notice.owner, "money-team");
    assert.equal(notice.runbook, "https://wiki/payments");
    assert.equal(notice.onCall?.name, "grace");
    assert.deepEqual(notice.traces, [{ id: traceId, command: `kerf trace ${traceId}` }]);
    assert.match(notice.change ?? "", /^payments was deployed by ada 15 min before$/);
    assert.equal(notice.link, `https://kerf.example.org/alerts?id=${notice.alert?.id}`);
    assert.match(notice.text, /^payments\.authorise misses its objective of 99\.9 %: /);
    for (const part of ["grace@example.org", "kerf trace ", "Runbook: ", "Last change: "])
      assert.ok(notice.text.includes(part), part);
    assert.deepEqual(alerting.list(false)[0]?.told, ["chat"]);
  });

  await t.test("after a restart nothing is told twice, and what is away says nothing", async () => {
    again();
    await round(alerting);
    around.away(true);
    await clock.advance(30 * minute);
    await round(alerting);
    assert.match(alerting.problem ?? "", /telemetry/);
    assert.equal(alerting.list(false).length, 1);
    around.away(false);
    assert.equal(taken.length, 2);
  });

  await t.test("its end is told when it has been met for a while, and not before", async () => {
    await calls(5);
    await round(alerting);
    assert.equal(alerting.list(false).length, 1);
    await calls(5);
    await round(alerting);
    assert.deepEqual(kinds().slice(2), ["resolved"]);
    assert.match(taken[2]?.notice.text ?? "", /meets its objective of 99\.9 % again/);
    assert.equal(taken[2]?.notice.alert?.id, taken[1]?.notice.alert?.id);
  });

  await t.test("silenced it fires and nobody is told, until the silence ends", async () => {
    const asked = { service: "payments", because: "the provider works on it", by: "ada" };
    const silence = await silences.add({ ...asked, forMs: 60 * minute });
    await calls(5, { failed: 50 });
    await round(alerting);
    assert.equal(alerting.list(false)[0]?.silence, silence.id);
    assert.equal(taken.length, 3);
    again();
    assert.deepEqual(
      silences.list().map(({ because }) => because),
      [asked.because],
    );
    await silences.end(silence.id);
    await round(alerting);
    assert.deepEqual(kinds().slice(3), ["firing"]);
    await assert.rejects(silences.end(silence.id), { code: "not_found" });
  });

  await t.test("nobody calls any more: it is over, and that is said", async () => {
    await clock.advance(40 * minute);
    await round(alerting);
    await clock.advance(6 * minute);
    await round(alerting);
    assert.match(taken.at(-1)?.notice.text ?? "", /^Nobody calls payments\.authorise any more/);
  });

  await t.test("nobody serves it: who calls sees that, and it is told", async () => {
    await clock.advance(7 * 60 * minute);
    await calls(2, { failed: 100, of: "kerf.client.duration", error: "unavailable" });
    await round(alerting);
    assert.match(taken.at(-1)?.notice.text ?? "", /: 100 % of 1200 calls failed in the last 5 min/);
    // Spans may be later than what is counted.
    assert.deepEqual(alerting.list(false)[0]?.traces, []);
    const traceId = around.failingTrace();
    await round(alerting);
    assert.deepEqual(alerting.list(false)[0]?.traces, [traceId]);
    await clock.advance(40 * minute);
    await round(alerting);
    await clock.advance(6 * minute);
    await round(alerting);
  });

  await t.test("answers that are too slow spend the other budget", async () => {
    await clock.advance(7 * 60 * minute);
    await calls(20, { seconds: 5 });
    await round(alerting);
    const { alert, text: said } = taken.at(-1)?.notice ?? assert.fail();
    assert.deepEqual([alert?.kind, alert?.withinMs], ["in-time", 250]);
    assert.match(
      said,
      /misses its objective of 90 % within 250 ms: 100 % of \d+ calls were slower/,
    );
  });
});

test("what does not arrive is sent again, less and less often, by the platform after us too; secrets are nowhere in the clear", async (t) => {
  const around = await setUp(t);
  const { calls, clock, problems, state } = around;
  const { answers, kinds, taken, url } = await webhook(t);
  let { alerting, destinations } = around.begin();
  await destinations.add({ name: "chat", to: { kind: "webhook", url, secret } }, "ada");
  for (const name of ["alert-destinations.json", "secrets/@alerts.json"]) {
    const kept = readFileSync(join(state, name), "utf8");
    assert.ok(!kept.includes("t0ken") && !kept.includes(secret), name);
  }
  await assert.rejects(destinations.add({ name: "chat", to: { kind: "webhook", url } }, "ada"), {
    code: "conflict",
  });

  answers.push(500, 302, 503);
  await calls(10, { failed: 40 });
  await round(alerting);
  assert.equal(alerting.notifier.deliveryOf("chat").waiting, 1);
  assert.match(alerting.notifier.deliveryOf("chat").last?.problem ?? "", /it answers 500/);
  // Not yet.
  await round(alerting);
  assert.equal(answers.length, 2);
  await clock.advance(pausesMs[0] ?? 0);
  await round(alerting);
  // A redirect is not followed, and it would not get better: the notice is given up.
  assert.deepEqual(problems, ["alerts:chat"]);
  assert.equal(alerting.notifier.deliveryOf("chat").waiting, 0);

  await t.test("a new destination hears of what fires", async () => {
    await destinations.add({ name: "later", to: { kind: "webhook", url } }, "ada");
    await round(alerting);
    assert.equal(alerting.notifier.deliveryOf("later").waiting, 1);
    ({ alerting, destinations } = around.begin());
    await clock.advance(pausesMs[0] ?? 0);
    await round(alerting);
    assert.deepEqual(kinds(), ["firing"]);
    assert.equal(taken[0]?.signature, "undefined");
    assert.deepEqual(alerting.list(false)[0]?.told, ["later"]);
  });

  await t.test(
    "a rotated master key takes them along; one that is removed is forgotten",
    async () => {
      await around.secrets.rotateMaster();
      await alerting.notifier.test(destinations.named("chat"));
      assert.deepEqual(kinds(), ["firing", "test"]);
      await destinations.remove("chat", "ada");
      await alerting.notifier.forget("chat");
      assert.throws(() => destinations.secret("chat"), { code: "invalid_configuration" });
      assert.deepEqual(
        destinations.list().map(({ name }) => name),
        ["later"],
      );
    },
  );
});
