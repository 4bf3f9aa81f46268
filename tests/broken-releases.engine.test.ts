import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GeneratedApp } from "./releases/generated-app.ts";
import { leftBehind, placementOf } from "./releases/left-behind.ts";
import { LightLoad } from "./releases/light-load.ts";
import { ReleasedApp } from "./releases/released-app.ts";
import { ask } from "./workload/load/ask.ts";

/** What only a program that serves does: whoever describes a service for its build has no build among its arguments. */
const serving = 'process.argv.some((one) => one.includes("="))';

/** How a generated service answers which edition it is. */
const answers = "return { edition, note: config.note };";

/** A release that cannot be. */
interface Broken {
  readonly what: string;
  readonly service: "books" | "desk";
  /** Its source, of that of a good one. */
  readonly source?: (good: string) => string;
  /** A migration of it. */
  readonly migration?: string;
  readonly options?: readonly string[];
  /** What the command says: at which step, and why. */
  readonly says: readonly RegExp[];
}

const failing: readonly Broken[] = [
  {
    what: "crashes at its start",
    service: "desk",
    source: (good) => `${good}\nif (${serving}) throw new Error("no way in");\n`,
    says: [
      /failed at the step start/,
      /ended with exit code 70/,
      /why .*no way in/,
      /│ .*no way in/,
    ],
  },
  {
    what: "never becomes ready",
    service: "desk",
    source: (good) =>
      `${good}\nif (${serving}) {\n  console.log("waiting for the moon");\n  setInterval(() => {}, 1_000);\n  await new Promise(() => {});\n}\n`,
    options: ["--ready-timeout", "2"],
    says: [
      /failed at the step start/,
      /not ready within 2 s and was ended/,
      /--ready-timeout/,
      /│ waiting for the moon/,
    ],
  },
  {
    what: "fails its callers once it has run for 5 s",
    service: "desk",
    source: (good) =>
      good.replace(
        answers,
        `if (performance.now() > 5_000) throw new Error("leak");\n    ${answers}`,
      ),
    options: ["--watch", "60"],
    says: [/failed at the step watch/, /does worse than the one before/, /calls failed/],
  },
  {
    what: "has a migration that is wrong",
    service: "books",
    migration: "alter table nowhere add column note text;",
    says: [/does not go together with what runs/, /migrations of books fail/, /nowhere/],
  },
  {
    what: "has a migration that fails on the data that is there",
    service: "books",
    migration:
      "do $$ begin if exists (select from counters) then raise exception 'not with this data'; end if; end $$;",
    says: [/failed at the step migrate/, /not with this data/],
  },
];

let source: GeneratedApp;
let app: ReleasedApp;
let load: LightLoad;

before(async () => {
  source = await GeneratedApp.write([
    { name: "books", hasDatabase: true, uses: [] },
    { name: "desk", hasDatabase: false, uses: ["books"] },
  ]);
  app = await ReleasedApp.up(source.module, "--cut", "all");
  load = new LightLoad(app.url, [
    { method: "GET", path: "/desk/ask" },
    { method: "POST", path: "/books/counters/load" },
  ]);
});

after(async () => {
  await load?.stop();
  await app?.stop();
  await app?.remove();
  await source?.remove();
});

async function editionOf(service: string): Promise<unknown> {
  const answer = await fetch(`${app.url}/${service}/edition`);
  return ((await answer.json()) as { edition: unknown }).edition;
}

for (const { migration, options = [], says, service, source: breaks, what } of failing) {
  test(`a release that ${what} changes nothing, and the command says why`, async () => {
    const file = `${service}/service.ts`;
    const good = await source.read(file);
    const [placed, releases] = [placementOf(app), await app.releases()];
    const running = releases.find(({ running, unit }) => running && unit === service);
    await source.setEdition(service, 666);
    if (breaks !== undefined) await source.put(file, breaks(good));
    if (migration !== undefined)
      await source.put(`${service}/migrations/0002_wrong.sql`, migration);
    // Only those who call what is broken notice it, and only until it has gone back.
    const callers = new LightLoad(app.url, [{ method: "GET", path: `/${service}/edition` }]);
    const { code, stderr } = await app.run("deploy", service, "--app", source.module, ...options);
    await callers.stop();

    assert.equal(code, 1, stderr);
    for (const said of says) assert.match(stderr, said);
    if (!/does not go together/.test(stderr))
      assert.match(
        stderr,
        new RegExp(`${service}@${running?.number} serves on, and nothing was changed`),
      );
    const leaks = callers.failures.filter(({ kind }) => kind === "500 internal");
    assert.deepEqual(callers.failures, what.startsWith("fails its callers") ? leaks : []);
    assert.deepEqual(load.failures, []);
    assert.equal(await editionOf(service), 1);
    assert.deepEqual(placementOf(app), placed);
    const now = (await app.releases()).find(({ running, unit }) => running && unit === service);
    assert.deepEqual(now, running);
    assert.deepEqual(await leftBehind(app), []);

    await source.put(file, good);
    await source.setEdition(service, 1);
    if (migration !== undefined) await source.removeFile(`${service}/migrations/0002_wrong.sql`);
  });
}

test("an old copy that hangs at its drain is ended after its time, the change is made and says so, and who waited is answered", async () => {
  const file = "desk/service.ts";
  const good = await source.read(file);
  assert.ok(good.includes(answers));
  const hangs = good.replace(
    answers,
    "// It hears no signal.\n    return new Promise(() => setInterval(() => {}, 1_000));",
  );
  await source.put(file, hangs);
  await app.deploy("desk", "--watch", "0");
  const waiting = ask(app.url, { method: "GET", path: "/desk/edition" });
  await source.put(file, good);
  await source.setEdition("desk", 2);
  const { code, stderr, stdout } = await app.run(
    "deploy",
    "desk",
    "--app",
    source.module,
    "--watch",
    "0",
    "--drain-timeout",
    "1",
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /desk-\w+ had not finished in time and was ended by force/);
  assert.match(stdout, /ended +desk-\w+ by force/);
  // As long as its deadline and its attempts last it is tried again, on the new copy in the end; a query may be.
  const { body, kind } = await waiting;
  assert.ok(
    body.edition === 2 || ["504 deadline_exceeded", "503 connection_lost"].includes(kind),
    `${kind} ${JSON.stringify(body)}`,
  );
  assert.equal(await editionOf("desk"), 2);
  assert.deepEqual(load.failures, []);
  assert.deepEqual(await leftBehind(app), []);
});

test("code without the migrations that a failed release has left is deployed, and told what the database has", async () => {
  const file = "books/service.ts";
  const good = await source.read(file);
  const left = "books/migrations/0002_left.sql";
  await source.put(left, "alter table counters add column note text;");
  await source.put(file, `${good}\nif (${serving}) throw new Error("no way in");\n`);
  await source.setEdition("books", 666);
  const failed = await app.run("deploy", "books", "--app", source.module);
  assert.equal(failed.code, 1, failed.stderr);
  assert.match(failed.stderr, /0002_left\.sql/);

  await source.put(file, good);
  await source.setEdition("books", 2);
  await source.removeFile(left);
  const { code, stderr, stdout } = await app.run(
    "deploy",
    "books",
    "--app",
    source.module,
    "--watch",
    "0",
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /note +the database of books is ahead of this build, by 0002_left\.sql/);
  assert.equal(await editionOf("books"), 2);

  await source.put(left, "alter table counters add column remark text;");
  await source.setEdition("books", 3);
  const edited = await app.run("deploy", "books", "--app", source.module, "--force");
  assert.equal(edited.code, 1);
  assert.match(edited.stderr, /0002_left\.sql: it was applied, and its file was edited/);
  assert.match(edited.stderr, /--force does not help/);
  assert.equal(await editionOf("books"), 2);
});

test("what serves was asked all the time, and counted right", async () => {
  await load.stop();
  assert.deepEqual(load.failures, []);
  const answer = await fetch(`${app.url}/books/counters/load`);
  const { n } = (await answer.json()) as { n: number };
  assert.ok(n > 0);
  assert.equal(n, load.answered.get("/books/counters/load"));
});
