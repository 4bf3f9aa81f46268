// `npm run soak -- SOAK`: apps that are changed under load while no request may fail; docs/guides/chaos.md says what each does and what is checked.
// Exits with 0 when everything held, 1 when not.
import { choice, helpOf, readCommandLine, whole } from "@kerf/testing/command-line";
import { runDeploys } from "./deploys.ts";
import { killedChanges } from "./kills/changes.ts";
import { isSound, runKills } from "./kills/kills.ts";
import { runScale } from "./scale.ts";
import { runTeams } from "./teams/teams.ts";

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));

const command = {
  name: "npm run soak --",
  about: "Changes an app under load again and again; no request may fail.",
  argument: {
    name: "SOAK",
    choices: {
      deploys: "services are deployed, rolled back, cut and joined",
      kills: "the platform is killed at every moment of a change",
      teams: "many teams deploy their services at once, and try others'",
      scale: "search is scaled to many copies and back beside users",
    },
  },
  options: {
    // So many that every service has its turn several times.
    deploys: whole(
      "how many deploys",
      { from: 0, to: 10_000 },
      process.argv[2] === "teams" ? 400 : 100,
    ),
    rollbacks: whole("how many rollbacks", { from: 0, to: 10_000 }, 20),
    cuts: whole("how many cuts, and as many joins", { from: 0, to: 10_000 }, 20),
    watch: whole("deploys: how long a new release is watched, seconds", { from: 0, to: 300 }, 2),
    runtime: choice("deploys: what units are", ["process", "docker"], "process"),
    seed: whole("what load and changes are drawn from", { from: 0, to: 0xffff_ffff }, 1),
    rounds: whole("kills: how many moments, 0 for all", { from: 0, to: 10_000 }, 0),
    only: choice(
      "kills: the one kind of change that is made",
      killedChanges.map(({ name }) => name),
      undefined,
    ),
    services: whole("teams: how many services", { from: 1, to: 90 }, 50),
    tokens: whole("teams: how many teams, each with a token", { from: 1, to: 90 }, 20),
    clients: whole("teams: how many deploy at once", { from: 1, to: 16 }, 4),
    rate: whole("requests a second, about", { from: 1, to: 5_000 }, 30),
    copies: whole("scale: most copies of search", { from: 2, to: 100 }, 100),
    beside: whole("scale: copies of users beside them", { from: 1, to: 100 }, 3),
  },
};
const { argument: soak, values } = readCommandLine(command);
const log = (line: string): void => console.log(line);

/** Each tells whether everything held. */
const soaks = {
  deploys: async (...to) => (await runDeploys(values, ...to)).failed === 0,
  teams: async (...to) => (await runTeams(values, ...to)).failed === 0,
  kills: async (...to) => isSound(await runKills(values, ...to)),
  scale: async (...to) => (await runScale(values, ...to)).failed === 0,
} satisfies Record<string, (say: typeof log, signal: AbortSignal) => Promise<boolean>>;

try {
  if (soak === undefined) console.log(helpOf(command));
  else process.exitCode = (await soaks[soak as keyof typeof soaks](log, ending.signal)) ? 0 : 1;
} catch (thrown) {
  console.error(ending.signal.aborted ? String(ending.signal.reason) : thrown);
  process.exitCode = ending.signal.aborted ? 130 : 1;
}
