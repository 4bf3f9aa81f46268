// Boundary: the guides to containers, Kubernetes and leaving as somebody follows them with the shop: against a real registry, and a cluster whose nodes are played.
import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import {
  hasKubernetes,
  hasRegistry,
  helmProgram,
  RegistryProgram,
  TestCluster,
} from "@kerf/platform/testing";
import { hasProgram } from "../engines.ts";
import { newcomerEnv } from "../fresh-clone/newcomer-env.ts";
import { Shell } from "./shell.ts";
import { stepsOf } from "./steps.ts";

// A cluster takes a quarter of an hour to build and a registry some minutes, which no pipeline has.
const skip =
  hasKubernetes && hasRegistry && hasProgram("kubectl")
    ? false
    : "needs scripts/engines/kubernetes, scripts/engines/registry and kubectl";
if (skip !== false) console.log(`skipped: ${skip}`);

const checkout = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "kerf-leaving-"));
const shop = join(folder, "kerf", "examples", "shop");
/** The registry as the guides write it. */
const written = "registry.example.com";
let shell: Shell;
let cluster: TestCluster | undefined;
let registry: RegistryProgram | undefined;

function guide(name: string): string {
  return readFileSync(join(checkout, "docs/guides", `${name}.md`), "utf8");
}

/** Does what a guide says; answers what was said to each command. */
async function follow(text: string): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (const { command } of stepsOf(text)) {
    const here = command.replace(/^npx /, "").replaceAll(written, registry?.host ?? written);
    const { code, lines } = await shell.run(here);
    const said = lines.join("\n");
    assert.equal(code, 0, `${command} ended with ${code}:\n${said}`);
    answers.set(command, said);
  }
  return answers;
}

before(async () => {
  if (skip !== false) return;
  const [programs, home] = [join(folder, "bin"), join(folder, "home")];
  for (const each of [programs, home, join(folder, "kerf", "examples")])
    mkdirSync(each, { recursive: true });
  cpSync(join(checkout, "examples", "shop"), shop, { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(folder, "kerf", "node_modules"));
  symlinkSync(process.execPath, join(programs, "node"));
  symlinkSync(helmProgram, join(programs, "helm"));
  const cli = join(checkout, "tools/cli/src/main.ts");
  const program = join(programs, "kerf");
  writeFileSync(program, `#!/bin/sh\nexec node --conditions=kerf-source ${cli} "$@"\n`);
  chmodSync(program, 0o755);
  for (const server of ["main", "payments"])
    writeFileSync(
      join(shop, `${server}.url`),
      `postgres://admin:secret@${server}.example:5432/postgres`,
      {
        mode: 0o600,
      },
    );
  [cluster, registry] = await Promise.all([
    TestCluster.start(),
    RegistryProgram.start(join(folder, "registry")),
  ]);
  await cluster.define();
  const newcomer = newcomerEnv(home);
  shell = new Shell(shop, {
    ...newcomer,
    PATH: `${programs}${delimiter}${newcomer["PATH"] ?? ""}`,
    KUBECONFIG: cluster.kubeconfig,
    KERF_HOME: join(folder, "state"),
    DOCKER_CONFIG: home,
    NO_COLOR: "1",
  });
});

after(async () => {
  await Promise.all([shell?.close(), cluster?.stop(), registry?.stop()]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

test(
  "images are made as the guide to containers says, and its Dockerfile is built",
  { skip },
  async (t) => {
    const [images = ""] = guide("containers").split("## Units as containers");
    await follow(images);
    const answer = await fetch(`http://${registry?.host}/v2/_catalog`);
    assert.deepEqual(await answer.json(), {
      repositories: ["shop/gateway-web", "shop/main", "shop/orders"],
    });
    if (!hasProgram("podman")) return t.diagnostic("no podman: the Dockerfile is not built");
    // Nothing of it runs while it is built; a base with Node in it is what was just pushed.
    const again = `kerf build orders --image shop/orders:1 --dockerfile image/ --base ${registry?.host}/shop/orders:1`;
    assert.equal((await shell.run(again)).code, 0);
    const storage = `--root ${folder}/podman --runroot ${folder}/podman-run --storage-driver overlay`;
    const build = await shell.run(
      `podman ${storage} build --quiet --isolation chroot --tls-verify=false -t built image/`,
    );
    assert.equal(build.code, 0, build.lines.join("\n"));
    const format = "'{{.Config.User}} {{json .Config.Entrypoint}} {{json .Config.Cmd}}'";
    const shown = await shell.run(`podman ${storage} image inspect --format ${format} built`);
    assert.match(shown.lines.join("\n"), /^65532:65532 \["node","\/kerf\/host\.js"\] \["orders"/);
    // Layers belong to other users, who alone may take them away.
    await shell.run(`podman ${storage} rmi --all --force`);
  },
);

test("the guide to Kubernetes does what it says", { skip }, async () => {
  const answers = await follow(guide("kubernetes"));
  const said = (start: string): string[] =>
    [...answers].flatMap(([command, text]) => (command.startsWith(start) ? [text] : []));
  assert.deepEqual(said("kubectl -n shop get httproute"), ["900 100"]);
  assert.match(
    said("kerf deploy --target kubernetes --options kubernetes.options --dry-run")[0] ?? "",
    /objects are as they were/,
  );
  // The canary became what serves, and its own Deployment is gone; then the one before served again.
  const list = await cluster?.api.list<any>({ apiVersion: "apps/v1", kind: "Deployment" }, "shop");
  const images = new Map(
    list?.map(({ metadata, spec }) => [metadata.name, spec.template.spec.containers[0].image]),
  );
  assert.ok(!images.has("gateway-web-canary"));
  assert.doesNotMatch(images.get("gateway-web"), /:1a2b3c$/);
  assert.doesNotMatch(images.get("orders"), /:v8$/);
});

test(
  "the guide to leaving names every field of the documents that are exported",
  { skip },
  async () => {
    const text = guide("leaving");
    await follow(text);
    const table = text.slice(text.indexOf("| field |"), text.indexOf("It logs lines of JSON"));
    const named = new Set(
      table
        .split("\n")
        .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)])
        .map(([, name]) => name),
    );
    const documents = readdirSync(join(shop, "compose", "boot"));
    assert.ok(documents.length > 10);
    const used = documents.flatMap((name) =>
      Object.keys(JSON.parse(readFileSync(join(shop, "compose", "boot", name), "utf8"))),
    );
    assert.deepEqual(
      [...new Set(used)].filter((name) => !named.has(name)),
      [],
    );
  },
);
