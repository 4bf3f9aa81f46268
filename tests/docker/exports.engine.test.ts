// What an app is exported to runs without Kerf's platform: its Compose file with docker compose, and the containers of its manifests for Kubernetes on Docker.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { engineCache, hasEngine } from "@kerf/events/testing";
import { hasKubernetes, TestCluster } from "@kerf/platform/testing";
import { parse, parseAllDocuments } from "yaml";
import { freePort } from "../chaos/free-port.ts";
import { Customer } from "../shop/customer.ts";
import { eventually, runKerf } from "../shop/running-shop.ts";
import { docker, lackingDocker } from "./docker.ts";
import { loadImages } from "./exported-images.ts";
import { PodIdentities } from "./pod-identities.ts";
import { type KubernetesObject, Pods } from "./pods.ts";
import { buildPostgresImage } from "./postgres-image.ts";
import { weighAsProcesses } from "./share.ts";

const run = promisify(execFile);
const compose = join(engineCache, "compose-2.40.3/docker-compose");
const composeMissing = hasEngine("compose-2.40.3/docker-compose")
  ? false
  : "needs compose-2.40.3, which scripts/engines/compose brings";
if (composeMissing !== false) console.log(`skipped: ${composeMissing}`);
if (!hasKubernetes) console.log("certificates in pods: skipped, needs scripts/engines/kubernetes");
/** How long an order may take to its end on a busy machine, milliseconds. */
const patienceMs = 60_000;

/** What is in the place of keys of others. */
const onlyOwnersKnow = "a key of the payment provider's";

const app = join(import.meta.dirname, "plain-shop/app.ts");
const registry = "kerf-test.invalid/plain";
const postgresImage = "kerf-test.invalid/postgres:18";
const programs = {
  orders: ["orders"],
  rest: ["users", "catalog", "search", "inventory", "payments"],
  "gateway-web": ["gateway:web"],
};
const tags = Object.keys(programs).flatMap((name) => ["--tag", `${name}=1`]);
const exported = ["--app", app, "--registry", "kerf-test.invalid", ...tags];

const missing = await lackingDocker();
describe("the shop, exported", { skip: missing ?? false, timeout: 540_000 }, () => {
  let home: string;
  let weighAsBefore = async (): Promise<void> => {};
  const images: string[] = [];

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "kerf-exported-"));
    weighAsBefore = await weighAsProcesses();
    images.push(...(await loadImages({ home, app, registry, tag: "1", programs })));
    await buildPostgresImage(postgresImage, images[0] ?? "");
    images.push(postgresImage);
  });
  after(async () => {
    await docker("rmi", "--force", ...images);
    await weighAsBefore();
    await rm(home, { recursive: true, force: true });
  });

  async function kerf(...args: readonly string[]): Promise<string> {
    const { code, stderr, stdout } = await runKerf(home, args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  test(
    "docker compose up: every service is healthy, and an order is confirmed",
    { skip: composeMissing },
    async () => {
      const out = join(home, "compose");
      const port = await freePort();
      await kerf(
        "export",
        "compose",
        ...exported,
        "--out",
        out,
        "--port",
        String(port),
        "--postgres-image",
        postgresImage,
      );
      await fillEmpty(join(out, "secrets"));
      const project = [
        "--project-directory",
        out,
        "--file",
        join(out, "compose.yaml"),
        "--project-name",
        "kerf-exported",
      ];
      // It checks the file against the schema of the specification itself.
      await run(compose, [...project, "config", "--quiet"]);
      const document = parse(await readFile(join(out, "compose.yaml"), "utf8"));
      try {
        await run(compose, [...project, "up", "--detach", "--wait", "--quiet-pull"]);
        const states = (await run(compose, [...project, "ps", "--format", "json"])).stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as { Health: string; Service: string; State: string });
        assert.deepEqual(
          states.map(({ Health, Service, State }) => `${Service} ${State} ${Health}`).toSorted(),
          Object.keys(document.services)
            .filter((name) => !name.endsWith("-migrate"))
            .map((name) => `${name} running healthy`)
            .toSorted(),
        );
        await buys(`http://127.0.0.1:${port}`);
        const cpus = await docker(
          "inspect",
          "--format",
          "{{.HostConfig.NanoCpus}}",
          "kerf-exported-orders-1",
        );
        assert.equal(cpus, "1500000000");
      } catch (error) {
        const { stdout } = await run(compose, [...project, "logs", "--no-color", "--tail", "20"]);
        throw new Error(stdout, { cause: error });
      } finally {
        await run(compose, [...project, "down", "--volumes", "--timeout", "10"]);
      }
    },
  );

  test("the containers of the manifests for Kubernetes, with their files, rights and probes, and an order is confirmed", async () => {
    const network = "kerf-exported-pods";
    await docker("network", "create", network);
    const servers = ["main", "payments"];
    const password = "a password of the servers";
    const started: string[] = [];
    let pods: Pods | undefined;
    let cluster: TestCluster | undefined;
    try {
      const asked: string[] = [];
      await writeFile(join(home, "password"), password);
      for (const server of servers) {
        const host = `postgres-${server}`;
        const mount = `${join(home, "password")}:/run/secrets/password:ro`;
        const secret = "POSTGRES_PASSWORD_FILE=/run/secrets/password";
        const where = ["--network", network, "--network-alias", host];
        started.push(
          await docker(
            "run",
            "--detach",
            ...where,
            "--volume",
            mount,
            "--env",
            secret,
            postgresImage,
          ),
        );
        const file = join(home, `${server}.url`);
        const url = `postgres://postgres:${encodeURIComponent(password)}@${host}:5432/postgres?sslmode=disable`;
        await writeFile(file, url, { mode: 0o600 });
        asked.push("--server", `${server}=${file}`);
      }
      for (const container of started)
        await eventually("PostgreSQL answers", async () => {
          await docker("exec", container, "pg_isready", "-h", "127.0.0.1");
          return true;
        });
      if (hasKubernetes) cluster = await TestCluster.start();
      // Without the API of a cluster as inside of a mesh, where certificates are somebody else's.
      const certificates = cluster === undefined ? ["--mesh"] : ["--certificates", "kerf"];
      const options = [...exported, ...certificates, "--discovery", "dns", "--replicas", "1"];
      const texts = [
        await kerf("export", "kubernetes", ...options),
        await kerf("export", "secrets", ...options, ...asked),
      ];
      const objects = texts.flatMap((text) =>
        parseAllDocuments(text).map((each) => each.toJS() as KubernetesObject),
      );
      for (const { stringData = {} } of objects)
        for (const [key, value] of Object.entries(stringData))
          if (value === "") (stringData as Record<string, string>)[key] = onlyOwnersKnow;
      const identities = cluster && (await PodIdentities.prepare(cluster, objects, home));
      pods = new Pods(objects, { folder: join(home, "pods"), network, api: identities });
      await pods.runJobs();
      const issued = await identities?.fill(objects);
      assert.equal(issued, cluster && Object.keys(programs).length);
      const running = await pods.runDeployments();
      assert.deepEqual([...running.keys()].toSorted(), Object.keys(programs).toSorted());
      const { ip, ports } = running.get("gateway-web") ?? assert.fail("no gateway");
      await buys(`http://${ip}:${ports["http"]}`);
    } finally {
      await pods?.end();
      if (started.length > 0) await docker("rm", "--force", "--volumes", ...started);
      await docker("network", "rm", network);
      await cluster?.stop();
    }
  });
});

/** Writes what an export leaves to its owners. */
async function fillEmpty(folder: string): Promise<void> {
  for (const each of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(each.parentPath, each.name);
    if (each.isFile() && (await readFile(path)).length === 0) await writeFile(path, onlyOwnersKnow);
  }
}

/** A customer buys something, and its order comes to its end. */
async function buys(url: string): Promise<void> {
  const customer = await eventually("the shop answers", () => Customer.signedUp(url), patienceMs);
  const placed = await customer.post<{ id: string }>("/orders", {
    items: [{ sku: "saw-dovetail", quantity: 1 }],
    payment: { method: "card-ok" },
  });
  assert.equal(placed.status, 202, JSON.stringify(placed.body));
  await eventually(
    "the order is confirmed",
    async () => {
      const { body } = await customer.get<{ status: string }>(`/orders/${placed.body.id}`);
      assert.notEqual(body.status, "rejected");
      return body.status === "confirmed" ? true : undefined;
    },
    patienceMs,
  );
}
