import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { engineCache, hasEngine } from "@kerf/events/testing";
import { imageOf } from "../image.ts";
import { layerType } from "../layer.ts";
import { LayerCache } from "../layer-cache.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";
import { parseReference } from "./reference.ts";

const program = "registry-3.0.0/registry";
const skip = hasEngine(program) ? false : `needs ${program}, which scripts/engines/setup brings`;
// It takes minutes to build, which continuous integration does not.
if (skip !== false) console.log(`skipped: ${skip}`);

// The password "pass" in bcrypt, as the registry wants it.
const users = "ci:$2b$04$KerfKerfKerfKerfKerfKeGkDmnokjbqOG1SB5Qz8oDTDDARUwkbW\n";
const folder = mkdtempSync(join(tmpdir(), "kerf-registry-"));
let registry: ChildProcess | undefined;
let host = "";

before(async () => {
  if (skip !== false) return;
  writeFileSync(join(folder, "users"), users);
  writeFileSync(
    join(folder, "config.yml"),
    JSON.stringify({
      version: 0.1,
      log: { level: "info", formatter: "json" },
      storage: { filesystem: { rootdirectory: join(folder, "data") } },
      http: { addr: "127.0.0.1:0" },
      auth: { htpasswd: { realm: "kerf", path: join(folder, "users") } },
    }),
  );
  registry = spawn(join(engineCache, program), ["serve", join(folder, "config.yml")], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { HOME: homedir(), OTEL_TRACES_EXPORTER: "none" },
  });
  for await (const line of createInterface({ input: registry.stderr as Readable })) {
    const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port === undefined) continue;
    host = `127.0.0.1:${port}`;
    break;
  }
  registry.stderr?.resume();
  assert.notEqual(host, "", "the registry did not start");
  process.env["DOCKER_CONFIG"] = folder;
});

after(async () => {
  if (registry !== undefined && registry.exitCode === null) {
    registry.kill();
    await once(registry, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Who we are to the registry from now on, as `docker login` leaves it. */
function logIn(password: string): void {
  const auth = Buffer.from(`ci:${password}`).toString("base64");
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
}

test("an image is pushed, only once, and pulled again as it was", { skip }, async () => {
  logIn("pass");
  const cache = new LayerCache(join(folder, "cache"));
  const layer = await cache.layer("one", new Map([["/a", { bytes: Buffer.from("one") }]]));
  const image = imageOf([layer], {
    entrypoint: ["/a"],
    command: [],
    user: "65532",
    directory: "/",
    variables: ["PATH=/usr/bin"],
    labels: {},
  });
  const name = parseReference(`${host}/shop/orders:1`);
  const first = await push(image, name);
  assert.deepEqual(first, {
    digest: image.digest,
    sent: layer.blob.bytes.length + image.config.bytes.length,
  });
  assert.deepEqual(await push(image, { ...name, tag: "2" }), { digest: image.digest, sent: 0 });

  for (const which of [name, { ...name, tag: undefined, digest: image.digest }]) {
    const pulled = await pull(which);
    assert.equal(pulled.digest, image.digest);
    assert.deepEqual(pulled.variables, ["PATH=/usr/bin"]);
    assert.deepEqual(
      pulled.layers.map(({ blob, diffId, mediaType }) => [blob.digest, diffId, mediaType]),
      [[layer.blob.digest, layer.diffId, layerType]],
    );
  }
  await assert.rejects(pull({ ...name, tag: "3" }), { code: "not_found" });
});

test("a registry that does not know us says how to become known", { skip }, async () => {
  const name = parseReference(`${host}/shop/orders:1`);
  logIn("wrong");
  await assert.rejects(pull(name), ({ code, fix }: { code: string; fix: string }) => {
    assert.equal(code, "unauthenticated");
    assert.match(fix, /docker login 127\.0\.0\.1/);
    return true;
  });
  writeFileSync(join(folder, "config.json"), "{}");
  await assert.rejects(pull(name), { code: "unauthenticated" });
});
