import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { sharesPorts } from "@kerf/call/http";
import { refusal, ReleaseStage } from "../testing/release-stage.ts";
import { answers, keepAsking } from "../testing/requests.ts";

const contract = `import { contract, query } from "@kerf/contract";
import * as z from "zod";
export const echo = contract("echo", { version: "1.0.0", operations: {
  say: query({ http: "GET /echo", access: "public", input: z.object({}), output: z.object({ said: z.string() }) }),
} });
`;
const service = `import { service } from "@kerf/service";
import { counter } from "../counter/contract.ts";
import { echo } from "./contract.ts";
export default service(echo, { owner: "fixture-team", uses: { counter } }).implement({ say: () => ({ said: "hello" }) });
`;

test("what an app says beside its services is deployed too", async (t) => {
  const stage = new ReleaseStage(t, "pair", "--cut", "none");
  await stage.ready();
  const { client } = stage.platform;
  const asking = keepAsking(`${stage.gateway}/greetings/ada`);
  t.after(() => asking.stop());
  const main = async () =>
    (await client.status({})).units.find(({ name }) => name === "main")?.instances[0]?.pid;

  await t.test("nothing differs: there is nothing to deploy", async () => {
    assert.equal((await refusal(stage.deployApp())).code, "nothing_to_deploy");
  });

  await t.test("a gateway comes by its name, and nothing else with it", async () => {
    const before = await main();
    stage.edit("app.ts", (source) =>
      source
        .replace(
          "expose: [counter, greeter] })",
          "expose: [counter] }), more: gateway({ expose: [greeter] })",
        )
        .replace("gateways:", "policies: { counter: { attemptFloorMs: 60 } }, gateways:"),
    );
    const report = await stage.deployApp({ gateways: ["more"] });
    assert.equal(report.title, "new gateway more");
    const more = (await client.status({})).gateways.find(({ name }) => name === "more");
    await answers(`${more?.url}/greetings/ada`);
    assert.equal((await fetch(`${stage.gateway}/greetings/ada`)).status, 200, "web is as before");
    assert.equal(await main(), before);
  });

  await t.test("services come with the app, providers before those that call them", async () => {
    mkdirSync(stage.place.path("echo"));
    writeFileSync(stage.place.path("echo", "contract.ts"), contract);
    writeFileSync(stage.place.path("echo", "service.ts"), service);
    stage.edit("app.ts", (source) =>
      source
        .replace("services: {", 'services: { echo: () => import("./echo/service.ts"),')
        .replace("expose: [counter] }", "expose: [counter, greeter, echo] }")
        .replace("\nexport", '\nimport { echo } from "./echo/contract.ts";\nexport'),
    );
    await client.cut({ change: stage.change, service: "greeter" });
    stage.edit("counter/service.ts", (source) => `${source}\n// Changed.\n`);
    const report = await stage.deployApp();
    assert.equal(report.title, "echo, counter, gateway web, policies");
    assert.deepEqual(report.units["echo"]?.after?.services, ["echo"]);
    const starts = stage.platform.events.flatMap((event) =>
      event.type === "rollout" && event.change === report.id && event.state === "done"
        ? [[event.step, event.detail]]
        : [],
    );
    assert.deepEqual(starts.slice(0, 5), [
      ["gate", undefined],
      ["migrate", "counter"],
      ["start", "main"],
      ["start", "echo, greeter"],
      ["start", "gateway:web, gateway:more"],
    ]);
    await answers(`${stage.gateway}/echo`);
    assert.equal(await asking.stop(), 0, "no request failed until here");
  });

  await t.test("a service goes by its name only", async () => {
    const source = 'echo: () => import("./echo/service.ts"),';
    stage.edit("app.ts", (text) => text.replace(source, "").replace("greeter, echo]", "greeter]"));
    const unnamed = await refusal(stage.deployApp());
    assert.match(unnamed.message, /The app has echo no more/);
    assert.match(unnamed.fix ?? "", /kerf deploy --all --remove echo/);
    const report = await stage.deployApp({ remove: ["echo"] });
    assert.equal(report.units["echo"]?.after, undefined);
    assert.equal((await fetch(`${stage.gateway}/echo`)).status, 404);
  });

  await t.test("what the app says goes back by its own name, and with no unit", async () => {
    const unit = "app:pair";
    const rollback = (of: string, release?: number) =>
      client.rollback({ change: stage.change, unit: of, ...(release && { release }) });
    const of = async () =>
      (await client.releases({ unit })).releases.map(({ number, running, why }) => [
        number,
        running,
        why,
      ]);
    assert.deepEqual(await of(), [
      [4, true, "deploy gateway web, without echo"],
      [3, false, "deploy echo, counter, gateway web, policies"],
      [2, false, "deploy new gateway more"],
      [1, false, "deploy pair"],
    ]);
    // Of a release before the policies; the code is the same.
    const { notes } = await rollback("greeter", 1);
    assert.match(
      notes?.[0] ?? "",
      /^policies, telemetry and limits are .* kerf rollback app:pair$/,
    );

    const gone = await refusal(rollback(unit));
    assert.match(gone.message, /gateway web of app:pair@3 offers echo, which runs no more/);
    const more = async () => (await client.status({})).gateways.some(({ name }) => name === "more");
    const { title } = await rollback(unit, 1);
    assert.equal(title, "app:pair to release 1 (without gateway more, policies)");
    assert.equal(await more(), false);
    await answers(`${stage.gateway}/greetings/ada`);
    assert.match((await refusal(rollback(unit, 1))).message, /says now what it said/);
    await rollback(unit);
    assert.equal(await more(), true);
    assert.deepEqual((await of())[0]?.slice(0, 2), [6, true]);
  });

  await t.test("copies of a gateway come, are killed and are exchanged on one port", async () => {
    if (!sharesPorts) return;
    const copies = async () =>
      (await client.status({})).gateways.filter(({ name }) => name === "web");
    const url = `${stage.gateway}/greetings/ada`;
    const kept = keepAsking(url);
    const unit = "gateway:web";
    const scaled = await client.scale({ change: stage.change, unit, copies: 2 });
    assert.deepEqual(
      [scaled.title, scaled.units[unit]?.before?.copies, scaled.units[unit]?.after?.copies],
      ["gateway:web from 1 to 2", 1, 2],
    );
    const [first, second] = await copies();
    assert.equal(first?.url, second?.url);
    assert.equal(await kept.stop(), 0);

    // Connections of the one that is killed end with it; whoever comes then is served by the other.
    const killed = (id: string | undefined) =>
      stage.platform.next(
        "instance",
        (event) => event.instance === id && event.state === "stopped",
      );
    const gone = killed(second?.id);
    const back = stage.platform.next(
      "instance",
      (event) =>
        event.unit === "gateway:web" && event.instance !== second?.id && event.state === "ready",
    );
    process.kill(second?.pid as number, "SIGKILL");
    await gone;
    const meanwhile = keepAsking(url, { headers: { connection: "close" } });
    await back;
    assert.equal(await meanwhile.stop(), 0);

    // Both are exchanged, and what is deployed keeps their number.
    const rolled = keepAsking(url);
    await client.restart({ change: stage.change, unit });
    stage.edit("app.ts", (source) =>
      source.replace(
        "gateway({ expose: [counter, greeter]",
        "gateway({ limits: [], expose: [counter, greeter]",
      ),
    );
    await stage.deployApp();
    assert.equal(await rolled.stop(), 0);
    const now = await copies();
    assert.equal(now.length, 2);
    assert.ok(now.every(({ pid }) => pid !== first?.pid && pid !== second?.pid));
  });

  await t.test("the next start runs the app as it was deployed", async () => {
    await stage.platform.end();
    const next = stage.start();
    const status = await next.ready();
    assert.deepEqual(
      status.gateways.map(({ name }) => name),
      sharesPorts ? ["web", "web", "more"] : ["web", "more"],
    );
    assert.deepEqual(status.services.map(({ name }) => name).toSorted(), ["counter", "greeter"]);
  });
});
