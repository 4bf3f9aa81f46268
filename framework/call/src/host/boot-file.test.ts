import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { keyPair } from "../testing/keys.ts";
import { readBoot } from "./boot.ts";
import type { BootFile } from "./boot-file.ts";

const folder = await mkdtemp(join(tmpdir(), "kerf-boot-"));
after(() => rm(folder, { recursive: true }));
const { privateKey, publicKey } = keyPair("k1");

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const document: BootFile = {
  format: 1,
  app: "library",
  environment: "production",
  unit: "shelf",
  services: ["shelf"],
  databases: { shelf: { urlFile: await file("url", "postgres://a:b@c/d\n"), connections: 4 } },
  settings: {
    shelf: { config: { rows: 3 }, secretFiles: { token: await file("token", "hush\n") } },
  },
  keyFiles: {
    issuer: await file("issuer", privateKey),
    principalSet: await file("set", { keys: [publicKey] }),
  },
  placement: { app: "library", environment: "production", services: {}, units: {}, gateways: {} },
};

const databaseOf = (url: string) => ({
  host: new URL(url).hostname,
  port: 5432,
  database: "d",
  user: "a",
  password: "b",
});

test("a document in a file names its secrets, and is read with them", async () => {
  const boot = await readBoot({ file: await file("boot.json", document), databaseOf });
  assert.ok(boot.platform === undefined);
  assert.equal(boot.databases["shelf"]?.host, "c");
  assert.deepEqual(boot.settings?.["shelf"]?.secrets, { token: "hush" });
  assert.equal(boot.keys.issuer?.["kid"], "k1");
  assert.deepEqual(boot.placement.principalKeys, [publicKey]);
  assert.equal(boot.checked, false);
  // Two starts are two instances, in the same container too.
  const again = await readBoot({ file: join(folder, "boot.json"), databaseOf });
  assert.notEqual(again.instance, boot.instance);
});

test("a broker is named openly, or by a file that says who the program is to it", async () => {
  const brokerOf = (text: string) => ({ url: text.replace(/:.*/, "://read"), token: "hush" });
  const read = async (broker: BootFile["broker"]) => {
    const path = await file("broker.json", { ...document, broker });
    return (await readBoot({ file: path, databaseOf, brokerOf })).broker;
  };
  assert.deepEqual(await read({ url: "nats://open:4222" }), { url: "nats://open:4222" });
  const urlFile = await file("broker", "nats://hush@nats:4222\n");
  assert.deepEqual(await read({ urlFile }), { url: "nats://read", token: "hush" });
});

test("what cannot be used is refused with what is wrong, and no secret is repeated", async () => {
  const refused = async (change: Partial<Record<keyof BootFile, unknown>>): Promise<any> => {
    const path = await file("bad.json", { ...document, ...change });
    return readBoot({ file: path, databaseOf }).then(
      () => assert.fail("it was read"),
      (error: unknown) => error,
    );
  };
  assert.match((await refused({ format: 2 })).why, /format is 2/);
  assert.match((await refused({ placement: undefined })).why, /placement/);
  const missing = await refused({ keyFiles: { principal: join(folder, "nothing") } });
  assert.equal(missing.code, "invalid_configuration");
  assert.match(missing.message, /nothing/);
  const noKey = await refused({ keyFiles: { principal: join(folder, "token") } });
  assert.doesNotMatch(`${noKey.message} ${noKey.why}`, /hush/);
});
