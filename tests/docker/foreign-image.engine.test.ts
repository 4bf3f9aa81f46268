// Boundary: an image that knows nothing of Kerf, deployed with the command of the guide: from the command to the first answer, who may reach its program, what it
// may reach, and that it comes back, with real containers.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { ReleasedApp } from "../releases/released-app.ts";
import { Customer } from "../shop/customer.ts";
import { Load } from "../shop/load.ts";
import { eventually } from "../shop/running-shop.ts";
import { stepsOf } from "../guides/steps.ts";
import { askDomain, knock, knockWithTls } from "./knock.ts";
import { docker, lackingDocker } from "./docker.ts";
import { buildPythonImage, hasDebianPython } from "./python-image.ts";

const checkout = resolve(import.meta.dirname, "../..");
const examples = resolve(checkout, "docs/guides/examples/tags");
const options = ["--runtime", "docker", "--environment", "dev"];
/** What it must reach: the first answer within a minute of the command, milliseconds. */
const firstAnswerMs = 60_000;
const image = "registry.example.com/team/tags:1";
/** Requests after which the limit of the example must have shown itself. */
const mostRequests = 3_000;
const readSecret = ["/usr/bin/python3", "-c", 'print(open("/run/secrets/API_KEY").read())'];
const skip = (await lackingDocker()) ?? (hasDebianPython() ? false : "needs /usr/bin/python3");

/** What the engine says of a container, as far as it is held to something. */
interface Inspected {
  readonly Name: string;
  readonly HostConfig: {
    readonly Memory: number;
    readonly NetworkMode: string;
    readonly ReadonlyRootfs: boolean;
  };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

/** The arguments of the first command of the guide that has this option. */
async function commandOfGuide(option = "--sidecar"): Promise<string[]> {
  const guide = await readFile(resolve(checkout, "docs/guides/containers.md"), "utf8");
  const found = stepsOf(guide).find(({ command }) => command.includes(option))?.command ?? "";
  const [npx, kerf, ...args] = found.split(" ");
  assert.deepEqual([npx, kerf], ["npx", "kerf"]);
  return args;
}

describe("an image of somebody else beside a sidecar", { skip }, () => {
  let app: ReleasedApp;
  let customer: Customer;
  const ofHome = (): string[] => ["--filter", `label=dev.kerf.home=${app.home}`];
  const containers = async (label: string): Promise<Inspected[]> => {
    const ids = await docker("ps", "-q", ...ofHome(), "--filter", `label=${label}`);
    if (ids === "") return [];
    const all = JSON.parse(await docker("inspect", ...ids.split("\n"))) as Inspected[];
    return all.filter(({ Name }) => Name.includes("-tags-"));
  };
  const programs = (): Promise<Inspected[]> => containers("dev.kerf.beside");
  const sidecars = (): Promise<Inspected[]> => containers("dev.kerf.instance");
  const names = async (): Promise<string[]> => (await sidecars()).map(({ Name }) => Name).sort();
  /** Two whole copies, not both of them from `before`. */
  const replaced = (before: readonly string[]): Promise<unknown> =>
    eventually(
      "another copy takes its place",
      async () => {
        const [now, beside] = [await names(), await programs()];
        const { images } = await (await app.client()).images({});
        const isWhole = now.length === 2 && beside.length === 2 && images[0]?.ready === 2;
        return isWhole && now.some((name) => !before.includes(name)) ? true : undefined;
      },
      firstAnswerMs,
    );
  const failures = async (load: Load): Promise<unknown[]> => {
    const samples = await load.stop();
    assert.ok(samples.length > 0);
    return samples.filter(({ status }) => status !== 200);
  };

  before(async () => {
    await buildPythonImage(image, resolve(examples, "tags.py"));
    app = await ReleasedApp.up(resolve(examples, "app.ts"), ...options);
    customer = new Customer(app.url);
  });

  after(async () => {
    await app?.stop();
    const left = await docker("ps", "-aq", ...ofHome());
    const networks = await docker("network", "ls", "-q", ...ofHome());
    await app?.remove();
    await docker("rmi", image);
    assert.deepEqual([left, networks], ["", ""]);
  });

  test("answers through the gateway within a minute of the guide's command", async () => {
    const since = performance.now();
    const { code, stderr, stdout } = await app.run(...(await commandOfGuide()));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /2 of 2 copies, each beside a sidecar, at \/tags\/\*/);
    const { body, headers, status } = await customer.get("/tags/any?a=b");
    const ms = performance.now() - since;
    console.log(`from the command to the first answer: ${(ms / 1_000).toFixed(1)} s`);
    assert.equal(status, 200);
    assert.deepEqual([body.path, body.greeting], ["/any?a=b", "hello"]);
    assert.ok(ms < firstAnswerMs);
    assert.equal(body.traceparent.split("-")[1], headers.get("x-trace-id"));
  });

  test("its trace leads from the gateway over the sidecar to the program, and on to the service that it calls", async () => {
    const { body, headers } = await customer.get("/tags/tag?text=Hello+world");
    assert.deepEqual(body, { tag: "hello" });
    const trace = headers.get("x-trace-id") ?? "";
    const said = await eventually("the whole trace is there", async () => {
      const { stdout } = await app.run("trace", trace);
      return /gateway:web GET/.test(stdout) && /labels labels\/suggest/.test(stdout)
        ? stdout
        : undefined;
    });
    const spans = [...said.matchAll(/^[ │├└─]*(\S.*?) {2,}[\d.]+ [µm]?s/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual(spans.slice(-5), [
      "gateway:web GET /tags/*",
      "tags GET /*",
      "tags POST /suggest",
      "tags → labels/suggest",
      "labels labels/suggest",
    ]);
  });

  test("nobody reaches the program but its sidecar, and nobody the sidecar without a certificate", async () => {
    const [sidecar] = await sidecars();
    const common = sidecar?.HostConfig.NetworkMode ?? "";
    const beside = await programs();
    const [program] = beside;
    const own = program?.HostConfig.NetworkMode ?? "";
    assert.deepEqual(Object.keys(program?.NetworkSettings.Networks ?? {}), [own]);
    const address = program?.NetworkSettings.Networks[own]?.IPAddress ?? "";
    const probe = `import socket
try:
    socket.create_connection(("${address}", 9000), 3)
    print("reached")
except OSError as error:
    print(type(error).__name__)`;
    const from = (network: string): Promise<string> => {
      const python = ["--entrypoint", "/usr/bin/python3", image, "-c", probe];
      return docker("run", "--rm", "--network", network, ...python);
    };
    assert.equal(await from(common), "TimeoutError");
    assert.equal(await from(own), "reached");

    const records = join(app.home, "run", "instances");
    const places = (await readdir(records)).filter((file) => file.startsWith("tags-"));
    const { address: at } = JSON.parse(await readFile(join(records, places[0] ?? ""), "utf8"));
    const [, host, port] = /^tcp:(.+):(\d+)$/.exec(at) ?? [];
    const place = { host: host ?? "", port: Number(port) };
    assert.equal(await knock(place), "");
    assert.deepEqual(await knockWithTls(place), {
      names: "URI:spiffe://dev/tags",
      protocol: "TLSv1.3",
      end: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    });
  });

  test("memory is bounded, what looks like a secret is refused, and so is a use that is no service", async () => {
    for (const { HostConfig } of await programs()) assert.equal(HostConfig.Memory, 134_217_728);
    for (const { HostConfig } of await sidecars()) {
      assert.ok(HostConfig.Memory > 0 && HostConfig.Memory < 400_000_000);
      assert.equal(HostConfig.ReadonlyRootfs, true);
    }
    assert.doesNotMatch(JSON.stringify(await sidecars()), /PRIVATE KEY|"token"/);
    const deploy = ["deploy", "--app", "other", "--image", image];
    const secret = await app.run(...deploy, "--env", "API_KEY=1");
    assert.match(secret.stderr, /API_KEY looks like a secret/);
    const unknown = await app.run(...deploy, "--sidecar", "--uses", "nothing");
    assert.match(unknown.stderr, /The app has no service "nothing"/);
    const silent = await app.run(...deploy, "--sidecar", "--follows", "labels.added");
    assert.match(silent.stderr, /Nobody emits labels\.added/);
  });

  test("events come to a program and go from it, in order, and what it cannot apply is parked", async () => {
    const { code, stderr } = await app.run(...(await commandOfGuide("--follows")));
    assert.equal(code, 0, stderr);
    for (const text of ["Hello world", "never this", "Second one"])
      assert.equal((await customer.post("/entries", { text })).status, 201);
    const tags = await eventually("what it emitted has come", async () => {
      const { body } = await customer.get("/entries/tags");
      // At least once: what was read together with one that cannot be applied comes again.
      const all = new Map(body.tags.map((one: { text: string }) => [one.text, one]));
      return all.size === 2 ? [...all.values()] : undefined;
    });
    assert.deepEqual(tags, [
      { text: "Hello world", tag: "hello" },
      { text: "Second one", tag: "second" },
    ]);
    const { body: seen } = await customer.get("/counts/seen");
    const [first] = seen;
    assert.deepEqual(first, {
      path: "/events/journal/added",
      key: "Hello%20world",
      text: "Hello world",
    });
    const parked = await eventually("its key is parked", async () => {
      const [mine] = JSON.parse((await app.run("events", "parked", "counts", "--json")).stdout);
      return mine;
    });
    assert.match(JSON.stringify(parked), /never this/);
    assert.match(JSON.stringify(parked), /there is no tag for that/);
  });

  test("an event that was emitted before its sidecar was killed is not lost", async () => {
    const before = (await docker("ps", "-q", ...ofHome())).split("\n");
    const all = JSON.parse(await docker("inspect", ...before)) as Inspected[];
    const sidecar = all.find(({ Name }) => /-counts-[0-9a-f]+$/.test(Name))?.Name.slice(1) ?? "";
    const texts = Array.from({ length: 20 }, (_, index) => `Entry ${index}`);
    const [killed] = await Promise.all([
      docker("kill", sidecar),
      ...texts.map((text) => customer.post("/entries", { text })),
    ]);
    assert.equal(killed, sidecar);
    await eventually(
      "each has been tagged",
      async () => {
        const { body } = await customer.get("/entries/tags");
        const found = new Set(body.tags.map(({ text }: { text: string }) => text));
        return texts.every((text) => found.has(text)) ? true : undefined;
      },
      firstAnswerMs,
    );
  });

  test("an image that names another one reaches it, and one that does not is refused", async () => {
    const { body, status } = await customer.get("/counts/neighbour?name=tags");
    assert.deepEqual([status, body.path, body.greeting], [200, "/any", "hello"]);
    const back = await customer.get("/tags/neighbour?name=counts");
    assert.equal(back.status, 403);
    assert.equal((await app.run("undeploy", "counts")).code, 0);
  });

  test("killing the program or its sidecar replaces both, and nobody notices", async () => {
    for (const victims of [programs, sidecars]) {
      const before = await names();
      const load = new Load(customer, ["/tags/"]);
      const [victim] = await victims();
      await docker("kill", victim?.Name.slice(1) ?? "");
      await replaced(before);
      assert.deepEqual(await failures(load), []);
    }
  });

  test("the platform is killed, and the next one goes on with the same two copies", async () => {
    const before = [...(await names()), ...(await programs()).map(({ Name }) => Name)];
    const { platform } = await app.status();
    process.kill(platform.pid, "SIGKILL");
    assert.equal((await customer.get("/tags/away")).status, 200);
    await app.kerf("up", "--app", app.app, ...options);
    const now = [...(await names()), ...(await programs()).map(({ Name }) => Name)];
    assert.deepEqual(now.sort(), before.sort());
    assert.equal((await customer.get("/tags/back")).status, 200);
  });

  test("another release takes its place without a failure, and so does another number of copies", async () => {
    const load = new Load(customer, ["/tags/"]);
    const again = (await commandOfGuide()).map((word) => word.replace("hello", "goodbye"));
    const file = join(app.home, "given");
    await writeFile(file, "what nobody is to read\n");
    const { code, stderr } = await app.run(...again, "--secret", `API_KEY=${file}`);
    assert.equal(code, 0, stderr);
    assert.match((await app.run("scale", "tags", "1")).stdout, /1 of 1 copies/);
    assert.deepEqual(await failures(load), []);
    const { body } = await customer.get("/tags/");
    assert.deepEqual([body.greeting, body.knows], ["goodbye", ["API_KEY"]]);
    const [program, ...others] = await programs();
    assert.deepEqual(others, []);
    const inside = await docker("exec", program?.Name.slice(1) ?? "", ...readSecret);
    assert.equal(inside, "what nobody is to read");
    const said = await docker("inspect", program?.Name.slice(1) ?? "");
    assert.doesNotMatch(said, /what nobody/);
    for (const kept of await readdir(join(app.home, "state", "secrets")))
      assert.doesNotMatch(
        await readFile(join(app.home, "state", "secrets", kept), "utf8"),
        /nobody/,
      );
  });

  test("a domain leads there, the gateway's limit holds, and undeploy leaves nothing", async () => {
    const args = (await commandOfGuide()).concat("--domain", "tags.example.com", "--replicas", "1");
    assert.equal((await app.run(...args)).code, 0);
    const ask = (path: string) => askDomain(app.url, "tags.example.com", path);
    assert.equal((await ask("/any")).body.path, "/any");
    assert.equal((await customer.get("/tags/any")).status, 404);
    const statuses = new Set<number | undefined>();
    for (let sent = 0; sent < mostRequests && !statuses.has(429); sent += 20) {
      const many = Array.from({ length: 20 }, () => ask("/"));
      for (const { status } of await Promise.all(many)) statuses.add(status);
    }
    assert.deepEqual(statuses, new Set([200, 429]));
    assert.equal((await app.run("undeploy", "tags")).code, 0);
    assert.deepEqual([await programs(), await sidecars()], [[], []]);
  });
});
