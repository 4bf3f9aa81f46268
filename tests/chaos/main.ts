// `npm run chaos -- --minutes 2 --seed 1 --engine embedded`: the shop under load while faults hit, then a verdict from its data.
// docs/guides/chaos.md says what is hit, what is checked and how to read it. Exits with 0 when everything held, 1 when not.
import { KerfError } from "@kerf/kernel";
import { runChaos } from "./chaos.ts";
import { readOptions } from "./options.ts";

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));

try {
  const options = readOptions();
  const report = await runChaos(options, (line) => console.log(line), ending.signal);
  process.exitCode = report.failed > 0 ? 1 : 0;
} catch (thrown) {
  if (ending.signal.aborted) console.error(String(ending.signal.reason));
  else if (thrown instanceof KerfError) console.error(wordsOf(thrown));
  else console.error(thrown);
  process.exitCode = ending.signal.aborted ? 130 : 1;
}

function wordsOf({ message, why, fix }: KerfError): string {
  return [message, why, fix].filter((text) => text !== undefined).join("\n  ");
}
