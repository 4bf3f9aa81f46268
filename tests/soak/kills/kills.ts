import { isDeepStrictEqual } from "node:util";
import { safe } from "@kerf/contract";
import { type RolloutStep, rolloutStep } from "@kerf/control-api";
import { type Random, seededRandom } from "@kerf/kernel";
import { GeneratedApp } from "../../releases/generated-app.ts";
import { leftBehind, placementOf } from "../../releases/left-behind.ts";
import { LightLoad } from "../../releases/light-load.ts";
import { ReleasedApp } from "../../releases/released-app.ts";
import { eventually } from "../../shop/running-shop.ts";
import { shuffled } from "../../workload/draw.ts";
import { type KilledChange, killedChanges, runningBooks, type Stage } from "./changes.ts";
import { HookedPlatform } from "./hooked-platform.ts";

/** Steps of a database that is moved: its own test kills the platform at them (database-moves.engine.test.ts). */
const ofMoves: ReadonlySet<RolloutStep> = new Set(["prepare", "copy", "prove", "leave"]);

/** What a run is told. */
export interface KillsOptions {
  readonly seed: number;
  /** How many moments; 0 for all of them. */
  readonly rounds: number;
  /** Only this kind of change. */
  readonly only?: string | undefined;
}

/** One kill, and what was wrong afterwards. */
export interface Round {
  readonly change: string;
  readonly moment: string;
  readonly became: "finished" | "undone";
  readonly wrong: readonly string[];
}

/** What a run found. */
export interface KillsReport {
  readonly rounds: readonly Round[];
  /** Steps of a change at which nobody was killed, since no change came to them. */
  readonly unreached: readonly string[];
  readonly requests: number;
  readonly wrong: readonly string[];
}

/** Requests after a round that must all be answered by the release that is to run. */
const asked = 20;

/** A moment of a change, as a run without a kill came to it. */
interface Moment {
  readonly change: KilledChange;
  readonly at: string;
}

/**
 * Makes each kind of change once and writes down every moment that the platform comes to: each step as it begins and ends, each file of state as it is
 * written and removed. Then kills the platform with -9 at these moments, one a round, under light load, starts it again, and looks whether the
 * change is finished or undone, and nothing in between.
 */
export async function runKills(
  { only, rounds: wanted, seed }: KillsOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<KillsReport> {
  const source = await GeneratedApp.write([
    { name: "books", hasDatabase: true, uses: [] },
    { name: "desk", hasDatabase: false, uses: ["books"] },
  ]);
  const app = await ReleasedApp.up(source.module, "--cut", "none");
  let platform = await HookedPlatform.takeOver(app);
  const stage: Stage = { app, source, editions: new Map() };
  stage.editions.set((await runningBooks(app)).builds["books"] as string, 1);
  const load = new LightLoad(app.url, [
    { method: "GET", path: "/desk/ask" },
    { method: "POST", path: "/books/counters/load" },
    { method: "GET", path: "/books/edition" },
  ]);
  const rounds: Round[] = [];
  try {
    const moments: Moment[] = [];
    const changes = killedChanges.filter(({ name }) => only === undefined || name === only);
    for (const change of changes) {
      signal.throwIfAborted();
      const request = await change.prepare(stage);
      await platform.arm();
      await safe(request(await app.client(), `record-${moments.length}`));
      moments.push(...platform.moments.map((at) => ({ change, at })));
      log(`${change.name}: ${platform.moments.length} moments`);
    }
    const told = moments.map(({ at }) => at);
    const unreached = rolloutStep.options.flatMap((step) =>
      only !== undefined ||
      ofMoves.has(step) ||
      (told.some((at) => at.startsWith(`step ${step} started`)) &&
        told.some((at) => new RegExp(`^step ${step} (?:done|failed)`).test(at)))
        ? []
        : [`step ${step}`],
    );
    for (const step of unreached) log(`NO MOMENT for ${step}: write a change that comes there`);

    const all = drawn(moments, wanted, seededRandom(seed));
    for (const [index, moment] of all.entries()) {
      signal.throwIfAborted();
      const failuresBefore = load.failures.length;
      const { killed, round } = await killAt(moment, stage, platform, rounds.length);
      platform = killed;
      const failed = load.failures.slice(failuresBefore);
      const wrong = [...round.wrong, ...failed.map((one) => `request: ${JSON.stringify(one)}`)];
      rounds.push({ ...round, wrong });
      const became = `${round.became}${wrong.length > 0 ? "  WRONG" : ""}`;
      log(`${index + 1}/${all.length}  ${round.change}, ${round.moment}: ${became}`);
      for (const line of wrong) log(`  ${line}`);
    }
    await load.stop();
    const finished = rounds.filter(({ became }) => became === "finished").length;
    const undone = rounds.length - finished;
    log(
      `${rounds.length} kills: ${finished} finished, ${undone} undone; ${total(load)} requests, ${load.failures.length} failed`,
    );
    return { rounds, unreached, requests: total(load), wrong: await lost(app, load) };
  } finally {
    await load.stop();
    if (!platform.isAlive) platform = await HookedPlatform.start(app);
    platform.letGo();
    await app.stop();
    if (rounds.some(({ wrong }) => wrong.length > 0)) log(`logs are kept in ${app.home}`);
    else await app.remove();
    await source.remove();
  }
}

/** All moments or, of fewer, at least one of each change. */
function drawn(moments: readonly Moment[], wanted: number, random: Random): Moment[] {
  if (wanted === 0 || wanted >= moments.length) return [...moments];
  const mixed = shuffled(random, [...moments]);
  const byChange = [...Map.groupBy(mixed, ({ change }) => change).values()];
  const first = byChange.flatMap((all) => all.slice(0, 1));
  const rest = mixed.filter((moment) => !first.includes(moment));
  return [...shuffled(random, first), ...rest].slice(0, wanted);
}

async function killAt(
  { at, change }: Moment,
  stage: Stage,
  platform: HookedPlatform,
  index: number,
): Promise<{ killed: HookedPlatform; round: Round }> {
  const { app } = stage;
  const request = await change.prepare(stage);
  const before = placementOf(app);
  const known = new Set((await releasesOf(app)).map(nameOf));
  const id = `round-${index}`;
  await platform.arm(at);
  await safe(request(await app.client(), id)).catch(() => undefined);
  const wrong: string[] = [];
  // Copies that end as the change does are written down after its answer.
  const late = setTimeout(() => platform.kill(), lateMs);
  await platform.ended();
  clearTimeout(late);
  const isCommitted = placementOf(app).change === id;
  const killed = await HookedPlatform.start(app);
  const after = placementOf(app);
  if (isCommitted ? after.change !== id : !isDeepStrictEqual(after, before))
    wrong.push(`the placement is that of ${after.change}, before it was that of ${before.change}`);
  wrong.push(...(await leftInTheEnd(app)));
  for (const release of await releasesOf(app)) {
    // One that was made for a change which was undone says that it never served; one that runs does not.
    const isTrue = release.running
      ? release.failed === undefined
      : known.has(nameOf(release)) || release.failed !== undefined;
    if (!isTrue) wrong.push(`${nameOf(release)} says ${release.failed ?? "that it has served"}`);
  }
  const { builds } = await runningBooks(app);
  const edition = stage.editions.get(builds["books"] as string);
  const { values } = await (await app.client()).getConfig({ service: "books" });
  const { note = "none" } = values as { note?: string };
  for (let i = 0; i < asked; i += 1) {
    const answer = await fetch(`${app.url}/books/edition`);
    const said = (await answer.json()) as { edition?: number; note?: string };
    if (said.edition !== edition) wrong.push(`books answers ${said.edition}, not ${edition}`);
    if (said.note !== note) wrong.push(`books is configured with ${said.note}, not ${note}`);
  }
  const became = isCommitted ? "finished" : "undone";
  return { killed, round: { change: change.name, moment: at, became, wrong } };
}

async function releasesOf(app: ReleasedApp) {
  return (await (await app.client()).releases({})).releases;
}

function nameOf({ number, unit }: { readonly number: number; readonly unit: string }): string {
  return `${unit}@${number}`;
}

/** What is left once copies have had the time to finish what they had begun. */
async function leftInTheEnd(app: ReleasedApp): Promise<string[]> {
  let left: string[] = [];
  await eventually(
    "nothing is left behind",
    async () => {
      left = await leftBehind(app);
      return left.length === 0 ? true : undefined;
    },
    restMs,
  ).catch(() => {});
  return left;
}

/** How long copies may take to end once the platform is back, milliseconds: no call is longer than its deadline. */
const restMs = 20_000;
/** How long a moment may be waited for that a run before came to, milliseconds; then it is killed all the same. */
const lateMs = 10_000;

/** Commands that were answered and are not in the data, or are there twice. */
async function lost(app: ReleasedApp, load: LightLoad): Promise<string[]> {
  const path = "/books/counters/load";
  const { n } = (await (await fetch(app.url + path)).json()) as { n: number };
  const answered = load.answered.get(path) ?? 0;
  const unknown = load.failures.filter((failure) => failure.path === path).length;
  if (n >= answered && n <= answered + unknown) return [];
  return [`${answered} commands were answered, and ${n} are in the data`];
}

function total({ answered, failures }: LightLoad): number {
  return [...answered.values()].reduce((sum, count) => sum + count, 0) + failures.length;
}

/** Whether every change was finished or undone, and every step has its moments. */
export function isSound({ rounds, unreached, wrong }: KillsReport): boolean {
  return (
    unreached.length === 0 && wrong.length === 0 && rounds.every((one) => one.wrong.length === 0)
  );
}
