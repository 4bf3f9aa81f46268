import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { exportedProgramsOf } from "../../exports/exported-programs.ts";
import { pinnedDigests } from "../../exports/pinned-digests.ts";
import { exampleApp, exampleTags } from "../../exports/testing/example-app.ts";
import { type Image, imageOf } from "../image.ts";
import { type Layer, layerType } from "../layer.ts";
import { LayerCache } from "../layer-cache.ts";
import { digestIn, pull } from "./pull.ts";
import { push } from "./push.ts";
import { parseReference } from "./reference.ts";
import { hasRegistry, RegistryProgram } from "./testing/registry-program.ts";
import { TokenServer } from "./testing/token-server.ts";

const skip = hasRegistry ? false : "needs a registry, which scripts/engines/setup brings";
// It takes minutes to build, which continuous integration does not.
if (skip !== false) console.log(`skipped: ${skip}`);

// The password "pass" in bcrypt, as the registry wants it.
const users = "ci:$2b$04$KerfKerfKerfKerfKerfKeGkDmnokjbqOG1SB5Qz8oDTDDARUwkbW\n";
const folder = mkdtempSync(join(tmpdir(), "kerf-registry-"));
const registries: RegistryProgram[] = [];
const tokens = new TokenServer({ user: "ci", password: "pass", refreshToken: "kept-by-a-helper" });
let host = "";

/** Starts a registry. Answers its host and port. */
async function startRegistry(name: string, auth: object): Promise<string> {
  const registry = await RegistryProgram.start(join(folder, name), auth);
  registries.push(registry);
  return registry.host;
}

before(async () => {
  if (skip !== false) return;
  writeFileSync(join(folder, "users"), users);
  host = await startRegistry("one", { htpasswd: { realm: "kerf", path: join(folder, "users") } });
  process.env["DOCKER_CONFIG"] = folder;
  process.env["PATH"] = `${folder}:${process.env["PATH"] ?? ""}`;
});

after(async () => {
  for (const registry of registries) await registry.stop();
  await tokens.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Who we are to the registry from now on, as `docker login` leaves it. */
function logIn(password: string): void {
  const auth = Buffer.from(`ci:${password}`).toString("base64");
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
}

/** A small image. */
async function small(): Promise<{ image: Image; layer: Layer }> {
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
  return { image, layer };
}

test("an image is pushed, only once, and pulled again as it was", { skip }, async () => {
  logIn("pass");
  const { image, layer } = await small();
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
  assert.equal(await digestIn(name), image.digest);
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

test(
  "a registry that has its tokens given elsewhere takes an image, and gives it again",
  { skip },
  async () => {
    const name = parseReference(
      `${await startRegistry("two", { token: await tokens.start(folder) })}/shop/orders:1`,
    );
    // As `docker login` leaves it where a helper keeps what is secret: a password first, and then a token.
    writeFileSync(
      join(folder, "config.json"),
      JSON.stringify({ credHelpers: { [name.registry]: "kerftest" } }),
    );
    const helps = (Username: string, Secret: string): void =>
      writeFileSync(
        join(folder, "docker-credential-kerftest"),
        `#!/bin/sh\ncat >/dev/null; echo '${JSON.stringify({ Username, Secret })}'\n`,
        { mode: 0o755 },
      );
    helps("ci", "pass");
    const { image } = await small();
    assert.equal((await push(image, name)).digest, image.digest);
    // For each what it needs, and no more than it asks for.
    assert.deepEqual(tokens.given, [
      "password repository:shop/orders:pull",
      "password repository:shop/orders:pull,push",
    ]);
    helps("<token>", "kept-by-a-helper");
    assert.equal((await pull(name)).digest, image.digest);
    assert.equal(tokens.given.at(-1), "refresh_token repository:shop/orders:pull");

    helps("ci", "wrong");
    await assert.rejects(pull(name), { code: "unauthenticated", why: /gives us no token/ });
  },
);

test(
  "an export by digest names what the registry has, and what it lacks is known before",
  { skip },
  async () => {
    logIn("pass");
    const { image } = await small();
    const options = { environment: "production", registry: host, tags: exampleTags, replicas: 2 };
    const tags = Object.entries(exampleTags);
    for (const [program, tag] of tags.slice(1))
      await push(image, parseReference(`${host}/store/${program}:${tag}`));
    await assert.rejects(pinnedDigests(exampleApp, options), { code: "not_found" });
    for (const [program, tag] of tags)
      await push(image, parseReference(`${host}/store/${program}:${tag}`));
    const digests = await pinnedDigests(exampleApp, options);
    assert.deepEqual(
      exportedProgramsOf(exampleApp, { ...options, digests }).map((program) => program.image),
      ["mail", "orders", "payments", "gateway-web"].map(
        (name) =>
          `${host}/store/${name}:${exampleTags[name as keyof typeof exampleTags]}@${image.digest}`,
      ),
    );
  },
);
