import type { GeneratedApp } from "../../releases/generated-app.ts";
import { placementOf } from "../../releases/left-behind.ts";
import type { ReleasedApp } from "../../releases/released-app.ts";

/** What changes are made of. */
export interface Stage {
  readonly app: ReleasedApp;
  readonly source: GeneratedApp;
  /** What each build of `books` answers as its edition, by digest. */
  readonly editions: Map<string, number>;
}

type Client = Awaited<ReturnType<ReleasedApp["client"]>>;
/** Asks for a change by this id. */
type Request = (client: Client, change: string) => Promise<unknown>;

/** A kind of change that the platform is killed in. */
export interface KilledChange {
  readonly name: string;
  /** Brings the app to where the change can be made, which may be where it is, and answers how it is asked for. */
  prepare(stage: Stage): Promise<Request>;
}

/** Unit in which all services are at first. */
const main = "main";

export const killedChanges: readonly KilledChange[] = [
  {
    name: "deploy",
    // New tables and new code, the code called by half of the callers first.
    async prepare(stage) {
      const edition = stage.editions.size + 1;
      await stage.source.put(
        `books/migrations/${String(edition).padStart(4, "0")}_more.sql`,
        `create table more_${edition} (id int);\n`,
      );
      await stage.source.setEdition("books", edition);
      const books = await build(stage, "books");
      stage.editions.set(books, edition);
      return (client, change) =>
        client.deploy({ change, builds: { books }, canary: 0.5, watchMs: 1_000 });
    },
  },
  {
    name: "deploy that fails",
    async prepare(stage) {
      const file = "desk/service.ts";
      const good = await stage.source.read(file);
      const crash = 'if (process.argv.some((one) => one.includes("="))) throw new Error("no way");';
      await stage.source.put(file, `${good}\n${crash}\n`);
      const desk = await build(stage, "desk");
      await stage.source.put(file, good);
      return (client, change) => client.deploy({ change, builds: { desk }, watchMs: 0 });
    },
  },
  {
    name: "rollback",
    async prepare({ app }) {
      const { number: now, unit } = await runningBooks(app);
      const { releases } = await (await app.client()).releases({ unit });
      const here = releases.find(({ number }) => number === now);
      // Not one of a desk that cannot be.
      const other = releases.find(
        ({ builds, number }) => number !== now && builds["desk"] === here?.builds["desk"],
      );
      return (client, change) => client.rollback({ change, unit, release: other?.number ?? 0 });
    },
  },
  {
    name: "cut",
    async prepare({ app }) {
      const { units } = placementOf(app);
      if (units["desk"] !== undefined)
        await (await app.client()).join({ change: "prepare-cut", service: "desk", into: main });
      return (client, change) => client.cut({ change, service: "desk", watchMs: 1_000 });
    },
  },
  {
    name: "join",
    async prepare({ app }) {
      const { units } = placementOf(app);
      if (units["desk"] === undefined)
        await (await app.client()).cut({ change: "prepare-join", service: "desk" });
      return (client, change) => client.join({ change, service: "desk", into: main });
    },
  },
  { name: "scale up", prepare: ({ app }) => scale(app, 1, 2) },
  { name: "scale down", prepare: ({ app }) => scale(app, 2, 1) },
  {
    name: "restart",
    prepare: () => Promise.resolve((client, change) => client.restart({ change, unit: main })),
  },
  {
    name: "configure",
    async prepare({ app }) {
      const { version } = await (await app.client()).getConfig({ service: "books" });
      const set = { note: `the one after ${version}` };
      return (client, change) =>
        client.changeConfig({ change, service: "books", set, watchMs: 1_000 });
    },
  },
];

async function scale(app: ReleasedApp, from: number, to: number): Promise<Request> {
  const now = placementOf(app).units[main]?.copies ?? 1;
  if (now !== from)
    await (await app.client()).scale({ change: "prepare-scale", unit: main, copies: from });
  return (client, change) => client.scale({ change, unit: main, copies: to });
}

/** Builds a service into the platform's folder of builds; answers the digest. */
export async function build({ app }: Stage, service: string): Promise<string> {
  const { builds } = await app.kerf<{ builds: readonly { digest: string }[] }>(
    "build",
    service,
    "--app",
    app.app,
    "--out",
    `${app.home}/builds`,
  );
  return builds[0]?.digest ?? "";
}

/** The release that `books` runs in. */
export async function runningBooks(app: ReleasedApp) {
  const { releases } = await (await app.client()).releases({});
  const found = releases.find(({ builds, running }) => running && "books" in builds);
  if (found === undefined) throw new Error("no release of books runs");
  return found;
}
