import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { Writable } from "node:stream";
import type { Boot } from "../placement.ts";

const boot: Boot = {
  app: "library",
  environment: "test",
  appModule: "/app/app.ts",
  unit: "main",
  instance: "main-1",
  services: ["shelf"],
  databases: {},
  platform: { address: "unix:/tmp/platform.sock", token: "secret", publicKey: { kid: "k1" } },
  snapshot: { body: "{}", signature: "" },
  snapshotFile: "/tmp/last.json",
  keys: {},
  checked: false,
  logLevel: "info",
};

const program = `
  import { readBoot } from ${JSON.stringify(new URL("./boot.ts", import.meta.url).href)};
  try {
    const boot = await readBoot();
    console.log(JSON.stringify({ instance: boot.instance, size: JSON.stringify(boot).length }));
  } catch (error) {
    console.log(JSON.stringify({ code: error.code, why: error.why }));
  }
`;

/** Runs a host that only reads its boot document; `document` undefined: without the descriptor. */
async function start(document: string | undefined): Promise<Record<string, unknown>> {
  const child = spawn(
    process.execPath,
    ["-C", "kerf-source", "--input-type=module", "-e", program],
    {
      stdio: ["ignore", "pipe", "inherit", document === undefined ? "ignore" : "pipe"],
    },
  );
  if (document !== undefined) (child.stdio[3] as Writable).end(document);
  const [output] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    once(child, "exit"),
  ]);
  return JSON.parse(output) as Record<string, unknown>;
}

test("a host reads its whole boot document from the descriptor, however large", async () => {
  const large = { ...boot, snapshot: { body: "x".repeat(2_000_000), signature: "" } };
  const document = JSON.stringify(large);
  assert.deepEqual(await start(document), { instance: "main-1", size: document.length });
});

test("a document that is none is refused with what it lacks", async () => {
  assert.deepEqual(await start("{"), {
    code: "invalid_configuration",
    why: "Expected property name or '}' in JSON at position 1 (line 1 column 2)",
  });
  const { platform: _platform, ...rest } = boot;
  assert.deepEqual(await start(JSON.stringify({ ...rest, app: 1 })), {
    code: "invalid_configuration",
    why: "it lacks app, platform",
  });
  assert.equal((await start(undefined))["code"], "invalid_configuration");
});
