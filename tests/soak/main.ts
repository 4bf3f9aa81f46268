// `npm run soak -- deploys`: the shop under load while its services are deployed, rolled back, cut and joined, then a verdict from what clients saw
// and from its data. `npm run soak -- scale`: one service scaled to many copies and back beside another. docs/guides/chaos.md says what is checked. Exits with 0 when everything held, 1 when not.
import { helpOf, readCommandLine, whole } from "@kerf/testing/command-line";
import { runDeploys } from "./deploys.ts";
import { runScale } from "./scale.ts";

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
      scale: "search is scaled to many copies and back beside users",
    },
  },
  options: {
    deploys: whole("how many deploys", { from: 0, to: 10_000 }, 100),
    rollbacks: whole("how many rollbacks", { from: 0, to: 10_000 }, 20),
    cuts: whole("how many cuts, and as many joins", { from: 0, to: 10_000 }, 20),
    seed: whole("what load and changes are drawn from", { from: 0, to: 0xffff_ffff }, 1),
    rate: whole("requests a second, about", { from: 1, to: 5_000 }, 30),
    copies: whole("scale: most copies of search", { from: 2, to: 100 }, 100),
    beside: whole("scale: copies of users beside them", { from: 1, to: 100 }, 3),
  },
};
const { argument: soak, values } = readCommandLine(command);

try {
  if (soak === undefined) console.log(helpOf(command));
  else {
    const run = soak === "scale" ? runScale : runDeploys;
    const report = await run(values, (line) => console.log(line), ending.signal);
    process.exitCode = report.failed > 0 ? 1 : 0;
  }
} catch (thrown) {
  console.error(ending.signal.aborted ? String(ending.signal.reason) : thrown);
  process.exitCode = ending.signal.aborted ? 130 : 1;
}
