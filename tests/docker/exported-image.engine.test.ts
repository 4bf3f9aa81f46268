// An image of somebody else beside an exported app: it calls a service of the app, and takes part in its events through a broker that asks who comes; with docker compose, and as the
// containers of its pod, which share an address.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { engineCache, hasEngine, natsFile } from "@kerf/events/testing";
import { hasKubernetes, TestCluster } from "@kerf/platform/testing";
import { parseAllDocuments } from "yaml";
import { freePort } from "../chaos/free-port.ts";
import { eventually, runKerf } from "../shop/running-shop.ts";
import { docker, lackingDocker } from "./docker.ts";
import { loadImages } from "./exported-images.ts";
import { buildNatsImage } from "./nats-image.ts";
import { PodIdentities } from "./pod-identities.ts";
import { type KubernetesObject, Pods } from "./pods.ts";
import { buildPostgresImage } from "./postgres-image.ts";
import { buildPythonImage, hasDebianPython } from "./python-image.ts";
import { weighAsProcesses } from "./share.ts";

const run = promisify(execFile);
const composeFile = "compose-2.40.3/docker-compose";
const compose = join(engineCache, composeFile);
const lacking =
  (await lackingDocker()) ??
  (hasDebianPython() ? undefined : "needs /usr/bin/python3") ??
  (hasEngine(natsFile) ? undefined : `needs ${natsFile}, which scripts/engines/brokers brings`);
const composeMissing = hasEngine(composeFile)
  ? false
  : `needs ${composeFile}, which scripts/engines/compose brings`;
for (const reason of [lacking, composeMissing])
  if (typeof reason === "string") console.log(`skipped: ${reason}`);

const examples = resolve(import.meta.dirname, "../../docs/guides/examples/tags");
const registry = "kerf-test.invalid/tagging";
const postgresImage = "kerf-test.invalid/postgres-tagging:18";
const natsImage = "kerf-test.invalid/nats-tagging:2";
const image = "kerf-test.invalid/team/tags:1";
const programs = { main: ["journal", "labels"], "gateway-web": ["gateway:web"] };
const tags = Object.keys(programs).flatMap((name) => ["--tag", `${name}=1`]);
const password = "a password of the broker";
/** How long an event may take on a busy machine, milliseconds. */
const patienceMs = 60_000;

describe(
  "an image of somebody else, exported",
  { skip: lacking ?? false, timeout: 540_000 },
  () => {
    let home: string;
    let exported: string[];
    let weighAsBefore = async (): Promise<void> => {};
    const images: string[] = [];

    before(async () => {
      home = await mkdtemp(join(tmpdir(), "kerf-exported-image-"));
      weighAsBefore = await weighAsProcesses();
      const app = join(examples, "app.ts");
      images.push(...(await loadImages({ home, app, registry, tag: "1", programs })));
      await buildPostgresImage(postgresImage, images[0] ?? "");
      await buildNatsImage(natsImage, images[0] ?? "");
      await buildPythonImage(image, join(examples, "tags.py"));
      images.push(postgresImage, natsImage, image);
      const broker = join(home, "broker");
      const url = `nats://kerf:${encodeURIComponent(password)}@nats:4222`;
      await writeFile(broker, `${url}\n`, { mode: 0o600 });
      await mkdir(join(home, "nats"));
      await writeFile(
        join(home, "nats/nats.conf"),
        `http: 8222\njetstream { store_dir: "/tmp/store" }\nauthorization { user: kerf, password: "${password}" }\n`,
      );
      const file = join(home, "images.json");
      const counts = {
        image,
        port: 9000,
        env: { GREETING: "hello" },
        secrets: ["API_KEY"],
        uses: ["labels"],
        follows: ["journal.added"],
        emits: { tagged: "text" },
      };
      await writeFile(file, JSON.stringify({ counts }));
      exported = ["--app", app, "--registry", "kerf-test.invalid", ...tags, "--images", file];
      exported.push("--broker", broker);
    });
    after(async () => {
      if (images.length > 0) await docker("rmi", "--force", ...images);
      await weighAsBefore();
      await rm(home, { recursive: true, force: true });
    });

    async function kerf(...args: readonly string[]): Promise<string> {
      const { code, stderr, stdout } = await runKerf(home, args);
      assert.equal(code, 0, stderr);
      return stdout;
    }

    /** A broker that lets in nobody but `kerf`. Answers its container. */
    function startNats(network: string): Promise<string> {
      const conf = `${join(home, "nats")}:/etc/nats:ro`;
      const where = ["--network", network, "--network-alias", "nats", "--volume", conf];
      return docker(
        "run",
        "--detach",
        "--tmpfs",
        "/tmp:mode=1777",
        ...where,
        natsImage,
        "-c",
        "/etc/nats/nats.conf",
      );
    }

    test("with docker compose", { skip: composeMissing }, async () => {
      const out = join(home, "compose");
      const port = await freePort();
      const more = ["--out", out, "--port", String(port), "--postgres-image", postgresImage];
      await kerf("export", "compose", ...exported, ...more);
      await fillEmpty(join(out, "secrets"));
      const project = ["--project-directory", out, "--file", join(out, "compose.yaml")];
      project.push("--project-name", "kerf-image");
      await run(compose, [...project, "config", "--quiet"]);
      let nats: string | undefined;
      try {
        await run(compose, [...project, "up", "--detach", "--wait", "--quiet-pull"]);
        // Everything runs without a broker; it is taken as soon as it is there.
        nats = await startNats("kerf-image_outside");
        await takesPart(`http://127.0.0.1:${port}`, nats, "kerf-image_outside");
      } catch (error) {
        const { stdout } = await run(compose, [...project, "logs", "--no-color", "--tail", "40"]);
        throw new Error(stdout, { cause: error });
      } finally {
        if (nats !== undefined) await docker("rm", "--force", "--volumes", nats);
        await run(compose, [...project, "down", "--volumes", "--timeout", "10"]);
      }
    });

    test("as the containers of its pod, with certificates where there is a cluster that makes them", async () => {
      const network = "kerf-image-pods";
      await docker("network", "create", network);
      const started: string[] = [];
      let pods: Pods | undefined;
      let cluster: TestCluster | undefined;
      try {
        await writeFile(join(home, "password"), password);
        const mount = ["--volume", `${join(home, "password")}:/run/secrets/password:ro`];
        const secret = ["--env", "POSTGRES_PASSWORD_FILE=/run/secrets/password"];
        const where = ["--network", network, "--network-alias", "postgres-main"];
        const postgres = await docker(
          "run",
          "--detach",
          ...where,
          ...mount,
          ...secret,
          postgresImage,
        );
        started.push(postgres, await startNats(network));
        const file = join(home, "main.url");
        const url = `postgres://postgres:${encodeURIComponent(password)}@postgres-main:5432/postgres?sslmode=disable`;
        await writeFile(file, url, { mode: 0o600 });
        await eventually("PostgreSQL answers", async () => {
          await docker("exec", postgres, "pg_isready", "-h", "127.0.0.1");
          return true;
        });
        if (hasKubernetes) cluster = await TestCluster.start();
        const certificates = cluster === undefined ? ["--mesh"] : ["--certificates", "kerf"];
        const options = [...exported, ...certificates, "--discovery", "dns", "--replicas", "1"];
        const texts = [
          await kerf("export", "kubernetes", ...options),
          await kerf("export", "secrets", ...options, "--server", `main=${file}`),
        ];
        assert.ok(!texts[0]?.includes(encodeURIComponent(password)));
        const objects = texts.flatMap((text) =>
          parseAllDocuments(text).map((each) => each.toJS() as KubernetesObject),
        );
        for (const { stringData = {} } of objects)
          for (const [key, value] of Object.entries(stringData))
            if (value === "") (stringData as Record<string, string>)[key] = "filled";
        const identities = cluster && (await PodIdentities.prepare(cluster, objects, home));
        pods = new Pods(objects, { folder: join(home, "pods"), network, api: identities });
        await pods.runJobs();
        assert.equal(await identities?.fill(objects), cluster && 3);
        const running = await pods.runDeployments();
        const { ip, ports } = running.get("gateway-web") ?? assert.fail("no gateway");
        await takesPart(`http://${ip}:${ports["http"]}`, started[1] ?? "", network);
      } finally {
        await pods?.end();
        if (started.length > 0) await docker("rm", "--force", "--volumes", ...started);
        await docker("network", "rm", network);
        await cluster?.stop();
      }
    });
  },
);

/** It is reached, calls a service, is sent what the app emits, and what it emits comes back; both ways through the broker. */
async function takesPart(url: string, nats: string, network: string): Promise<void> {
  const get = async (path: string): Promise<any> => {
    const answer = await fetch(`${url}${path}`);
    return answer.ok ? answer.json() : undefined;
  };
  const found = await eventually("the image answers", () => get("/counts/any"), patienceMs);
  assert.deepEqual([found.path, found.greeting, found.knows], ["/any", "hello", ["API_KEY"]]);
  assert.deepEqual(await get("/counts/tag?text=Hello+world"), { tag: "hello" });
  const ip = await docker(
    "inspect",
    "--format",
    `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
    nats,
  );
  let n = 0;
  await eventually(
    "events go through the broker in both directions",
    async () => {
      // Those that were emitted before the broker was there may have been read from the log.
      const text = `Saw number ${(n += 1)}`;
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ text });
      const written = await fetch(`${url}/entries`, { method: "POST", headers, body });
      assert.equal(written.status, 201);
      await eventually(
        "it is tagged",
        async () => {
          const { tags: all } = (await get("/entries/tags")) ?? { tags: [] };
          return all.some((one: any) => one.text === text && one.tag === "saw") || undefined;
        },
        patienceMs,
      );
      const answer = await fetch(`http://${ip}:8222/jsz?streams=true`);
      const { account_details: accounts = [] } = (await answer.json()) as any;
      const streams = accounts.flatMap(({ stream_detail: all = [] }: any) => all);
      const filled = streams.filter(({ state }: any) => state.messages > 0);
      const names = new Set(filled.map(({ name }: any) => name));
      return (names.has("kerf_journal") && names.has("kerf_counts")) || undefined;
    },
    patienceMs,
  );
}

/** Writes what an export leaves to its owners. */
async function fillEmpty(folder: string): Promise<void> {
  for (const each of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(each.parentPath, each.name);
    if (each.isFile() && (await readFile(path)).length === 0) await writeFile(path, "filled");
  }
}
