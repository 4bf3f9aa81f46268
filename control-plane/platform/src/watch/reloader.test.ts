import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Workplace } from "../testing/platform-process.ts";
import { answers, keepAsking, pidOf } from "../testing/requests.ts";

test("a change restarts what contains it, new code first; one that does not start changes nothing", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start();
  const before = await platform.ready();
  const url = `${before.gateways[0]?.url}/greetings/x`;
  const text = async (): Promise<string> =>
    ((await (await fetch(url)).json()) as { text: string }).text;
  const words = place.path("greeter", "words.ts");
  const change = (state: string) => platform.next("change", (event) => event.state === state);
  assert.equal(await text(), "Hello x 0");

  const load = keepAsking(url);
  const done = change("done");
  writeFileSync(words, 'export const word = "Howdy";\n');
  assert.deepEqual((await done).units, ["greeter"]);
  assert.equal(await text(), "Howdy x 0");
  assert.equal(await load.stop(), 0);
  const after = await platform.client.status({});
  assert.equal(pidOf(after, "counter"), pidOf(before, "counter"));
  assert.notEqual(pidOf(after, "greeter"), pidOf(before, "greeter"));

  const refused = change("failed");
  const problem = platform.next("problem");
  writeFileSync(words, "export const word = ;\n");
  await refused;
  assert.match((await problem).error.message, /words\.ts/);
  assert.equal(await text(), "Howdy x 0");

  const healed = change("done");
  writeFileSync(words, 'export const word = "Hello";\n');
  await healed;
  assert.equal(await text(), "Hello x 0");

  const routed = change("done");
  const contract = place.path("greeter", "contract.ts");
  writeFileSync(
    contract,
    readFileSync(contract, "utf8").replace("GET /greetings/{name}", "GET /hello/{name}"),
  );
  await routed;
  assert.equal((await fetch(url)).status, 404);
  await answers(url.replace("/greetings/", "/hello/"));
});
