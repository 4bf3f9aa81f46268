// `npm run reloads -- --reloads 50 --json`: a gateway with all the load that 64 connections give, whose configuration changes again and again.
// docs/guides/gateway.md says what is checked. Exits with 0 when nothing failed, 1 when not.
import { flag, readCommandLine, whole } from "@kerf/testing/command-line";
import { isBroken } from "./configurations.ts";
import { runReloads } from "./campaign.ts";

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));

const { values } = readCommandLine({
  name: "npm run reloads --",
  about:
    "Changes the configuration of a gateway under full load again and again; no request may fail.",
  options: {
    reloads: whole("how many changes", { from: 1, to: 10_000 }, 50),
    json: flag("print the report as JSON too"),
  },
});
const { reloads } = values;

try {
  const log = (line: string): void => (values.json ? console.error(line) : console.log(line));
  const report = await runReloads(reloads, log, ending.signal);
  if (values.json) console.log(JSON.stringify(report));
  const { failed, failures, p99, p99Before, refused, requests, streamItems, uploads, wrong } =
    report;
  log(`  requests  ${requests}, ${uploads} slow uploads, ${streamItems} items of streams`);
  log(`  refused   ${refused} of ${reloads} configurations`);
  log(`  p99       ${p99Before.toFixed(1)} ms before, ${p99.toFixed(1)} ms with reloads`);
  for (const [what, count] of Object.entries(failures)) log(`  FAILED    ${what}: ${count}`);
  for (const what of wrong) log(`  WRONG     ${what}`);
  const due = Array.from({ length: reloads }, (_, n) => n + 1).filter(isBroken).length;
  if (refused !== due) log(`  WRONG     ${refused} configurations were refused, not ${due}`);
  log(`${reloads} reloads, ${failed} failed requests`);
  process.exitCode = failed === 0 && wrong.length === 0 && refused === due ? 0 : 1;
} catch (thrown) {
  console.error(ending.signal.aborted ? String(ending.signal.reason) : thrown);
  process.exitCode = ending.signal.aborted ? 130 : 1;
}
