import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEntry, ChangeReport } from "@kerf/control-api";
import { type Random, seededRandom } from "@kerf/kernel";
import { GeneratedApp } from "../../releases/generated-app.ts";
import { leftBehind } from "../../releases/left-behind.ts";
import { LightLoad } from "../../releases/light-load.ts";
import { ReleasedApp } from "../../releases/released-app.ts";
import type { Asked } from "../../workload/load/ask.ts";
import { pick } from "../../workload/draw.ts";
import { isOk, linesOfFindings } from "../../workload/invariants/findings.ts";
import type { Finding } from "../../workload/invariants/invariant.ts";
import { generatedServices } from "./services.ts";
import { Untouched } from "./untouched.ts";

/** What a run is told. */
export interface TeamsOptions {
  readonly services: number;
  readonly tokens: number;
  readonly deploys: number;
  /** Commands at once. */
  readonly clients: number;
  readonly seed: number;
}

/** What a run found. */
export interface TeamsReport {
  readonly findings: readonly Finding[];
  readonly failed: number;
}

/** One of so many deploys is of a service that the token is not for. */
const foreignEach = 10;
/** What a service would answer if somebody else's code had come to it. */
const foreignEdition = 666;

/** Some services, and the file with the token that is narrowed to them. */
interface Team {
  readonly name: string;
  readonly services: readonly string[];
  readonly tokenFile: string;
}

/** What came of the commands. */
interface Made {
  /** Milliseconds of each deploy: in the platform, and of the whole command with its build and its turn. */
  readonly platformMs: number[];
  readonly commandMs: number[];
  readonly failed: string[];
  /** Foreign deploys that were refused, and those that were not. */
  readonly refused: string[];
  readonly notRefused: string[];
  /** What the newest deploy of each service answers. */
  readonly editions: Map<string, number>;
  readonly deploys: Map<string, number>;
}

/** Runs many small services from releases, each in a unit of its own, while teams with narrowed tokens deploy theirs, many at once, and now and then another's. */
export async function runTeams(
  options: TeamsOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<TeamsReport> {
  const services = generatedServices(options.services);
  const source = await GeneratedApp.write(services);
  // What somebody makes of services that are not his.
  const fork = await GeneratedApp.write(services);
  const tokens = await mkdtemp(join(tmpdir(), "kerf-tokens-"));
  let app: ReleasedApp | undefined;
  try {
    for (const { name } of services) await fork.setEdition(name, foreignEdition);
    log(`${services.length} services, ${options.tokens} tokens: building and starting everything`);
    const began = performance.now();
    app = await ReleasedApp.up(source.module, "--cut", "all");
    log(`ready after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    const teams = await makeTeams(
      app,
      services.map(({ name }) => name),
      options.tokens,
      tokens,
    );
    return await deployAtOnce({ app, source, fork, teams }, options, log, signal);
  } finally {
    await app?.stop();
    await app?.remove();
    for (const folder of [source.folder, fork.folder, tokens])
      await rm(folder, { recursive: true, force: true });
  }
}

/** Every service belongs to one team. */
async function makeTeams(
  app: ReleasedApp,
  services: readonly string[],
  count: number,
  folder: string,
): Promise<Team[]> {
  const teams: Team[] = [];
  for (let index = 0; index < Math.min(count, services.length); index += 1) {
    const name = `team-${index + 1}`;
    const own = services.filter((_, position) => position % count === index);
    const tokenFile = join(folder, name);
    await app.kerf("tokens", "add", name, "--services", own.join(","), "--out", tokenFile);
    teams.push({ name, services: own, tokenFile });
  }
  return teams;
}

interface Scene {
  readonly app: ReleasedApp;
  readonly source: GeneratedApp;
  readonly fork: GeneratedApp;
  readonly teams: readonly Team[];
}

async function deployAtOnce(
  scene: Scene,
  { clients, deploys, seed }: TeamsOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<TeamsReport> {
  const { app, source, teams } = scene;
  const load = new LightLoad(app.url, source.services.flatMap(requestsOf));
  const untouched = new Untouched();
  const watching = new AbortController();
  const watched = follow(app, untouched, watching.signal);
  const made: Made = {
    platformMs: [],
    commandMs: [],
    failed: [],
    refused: [],
    notRefused: [],
    editions: new Map(source.services.map(({ name }) => [name, 1])),
    deploys: new Map(),
  };
  let left = deploys;
  // A team's source is edited by one client at a time.
  const client = async (index: number): Promise<void> => {
    const random = seededRandom(seed * 1_000 + index);
    const own = teams.filter((_, position) => position % clients === index);
    while (left > 0 && own.length > 0) {
      signal.throwIfAborted();
      left -= 1;
      const number = deploys - left;
      const isForeign = teams.length > 1 && number % foreignEach === 1;
      const line = await deployOnce(scene, pick(random, own), { isForeign, random }, made);
      log(`${number}/${deploys}  ${line}; ${load.failures.length} requests failed`);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  } finally {
    await load.stop();
    watching.abort();
    await watched;
  }
  const findings = await judge(scene, made, load, untouched);
  const failed = findings.filter((finding) => !isOk(finding)).length;
  const requests = [...load.answered.values()].reduce((sum, count) => sum + count, 0);
  log("");
  log(`  ${made.platformMs.length} deploys, ${made.refused.length} refused, ${requests} requests`);
  log(`  time of a deploy in the platform           ${figures(made.platformMs)}`);
  log(`  with its build and until it was its turn   ${figures(made.commandMs)}`);
  for (const line of linesOfFindings(findings)) log(line);
  log(`${findings.length - failed} passed, ${failed} failed`);
  return { findings, failed };
}

/** One command; says in a line what came of it. */
async function deployOnce(
  { app, fork, source, teams }: Scene,
  team: Team,
  { isForeign, random }: { readonly isForeign: boolean; readonly random: Random },
  made: Made,
): Promise<string> {
  const others = teams.filter((each) => each !== team).flatMap(({ services }) => services);
  const service = pick(random, isForeign ? others : team.services);
  const edition = (made.editions.get(service) ?? 1) + 1;
  if (!isForeign) await source.setEdition(service, edition);
  const file = join((isForeign ? fork : source).folder, service, "service.ts");
  const began = performance.now();
  const { code, stderr, stdout } = await app.run(
    "deploy",
    file,
    "--token-file",
    team.tokenFile,
    "--watch",
    "0",
    "--wait",
    "--json",
  );
  const what = `${team.name} deploys ${service}`;
  if (isForeign) {
    const isRefused = code === 1 && /"code":"forbidden"/.test(stdout) && stderr.includes(service);
    (isRefused ? made.refused : made.notRefused).push(`${what}: ${code} ${stderr}`);
    return `${what}, which is not its own: ${isRefused ? "refused" : "NOT REFUSED"}`;
  }
  if (code !== 0) {
    made.failed.push(`${what}: ${stderr}`);
    return `${what}: FAILED ${stderr}`;
  }
  const { ms } = JSON.parse(stdout) as ChangeReport;
  made.platformMs.push(ms);
  made.commandMs.push(performance.now() - began);
  made.editions.set(service, edition);
  made.deploys.set(service, (made.deploys.get(service) ?? 0) + 1);
  const answers = await editionOf(app, service);
  if (answers !== edition) made.failed.push(`${what}: it answers ${answers}, not ${edition}`);
  return `${what}: ${ms} ms`;
}

async function judge(
  { app, source }: Scene,
  made: Made,
  load: LightLoad,
  { starts, touched }: Untouched,
): Promise<Finding[]> {
  const names = source.services.map(({ name }) => name);
  const wrong: string[] = [];
  for (const name of names) {
    const answers = await editionOf(app, name);
    if (answers !== made.editions.get(name)) wrong.push(`${name} answers ${answers}`);
  }
  const { entries } = await (await app.client()).audit({ limit: 10_000 });
  const isRefusal = ({ result, token }: AuditEntry) =>
    result === "forbidden" && token !== undefined;
  const onRecord = entries.filter(isRefusal).length;
  const restarted = names.filter(
    (name) => (starts.get(name)?.size ?? 0) !== (made.deploys.get(name) ?? 0),
  );
  const requests = [...load.answered.values()].reduce((sum, count) => sum + count, 0);
  return [
    {
      holds: "every deploy was made, and its code answers",
      checked: made.platformMs.length,
      violations: made.failed,
    },
    { holds: "no request failed", checked: requests, violations: load.failures },
    {
      holds: "no deploy touched another's unit",
      checked: made.platformMs.length,
      violations: touched,
    },
    {
      holds: "each unit was started once for each of its deploys",
      checked: names.length,
      violations: restarted,
    },
    {
      holds: "every foreign deploy was refused",
      checked: made.refused.length,
      violations: made.notRefused,
    },
    {
      holds: "every refusal is on record, with its token",
      checked: made.refused.length,
      violations: onRecord === made.refused.length ? [] : [`${onRecord} of ${made.refused.length}`],
    },
    {
      holds: "in the end every service answers as its team deployed it last",
      checked: names.length,
      violations: wrong,
    },
    { holds: "nothing is left behind", checked: 1, violations: await leftBehind(app) },
  ];
}

function requestsOf({ hasDatabase, name, uses }: GeneratedApp["services"][number]): Asked[] {
  return [
    { method: "GET", path: `/${name}/edition` },
    ...(hasDatabase ? [{ method: "POST", path: `/${name}/counters/load` } as const] : []),
    ...(uses.length > 0 ? [{ method: "GET", path: `/${name}/ask` } as const] : []),
  ];
}

async function follow(app: ReleasedApp, untouched: Untouched, signal: AbortSignal): Promise<void> {
  const client = await app.client();
  let isPast = true;
  const since = new Date().toISOString();
  try {
    for await (const event of client.events({}, { signal })) {
      isPast &&= event.time < since;
      if (!isPast) untouched.heard(event);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}

async function editionOf(app: ReleasedApp, service: string): Promise<number | undefined> {
  const answer = await fetch(`${app.url}/${service}/edition`);
  return ((await answer.json()) as { edition?: number }).edition;
}

function figures(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms`;
}
