// Boundary: `npm run fuzz -- [--minutes M] [--seed N] [--target NAME]`: mutates from the corpus, keeps what came to something new, and says what broke.
import { parseArgs } from "node:util";
import { seededRandom } from "@kerf/kernel";
import { writeCorpus } from "./corpus.ts";
import { FuzzedTarget } from "./fuzz-target.ts";
import { targets } from "./targets.ts";

/** Inputs of one parser before the next one has its turn. */
const turn = 50;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now()) },
    target: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || chosen.length === 0) {
  console.error("npm run fuzz -- [--minutes M] [--seed N] [--target NAME]");
  console.error(`NAME is one of ${targets.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

console.log(`seed ${seed}`);
const random = seededRandom(seed);
const fuzzed = chosen.map((target) => new FuzzedTarget(target, random));
for (const each of fuzzed) await each.start();
const until = performance.now() + minutes * 60_000;
while (performance.now() < until) {
  for (const each of fuzzed) for (let n = 0; n < turn; n++) await each.step();
}
for (const { target, runs, kept, finds } of fuzzed) {
  // What breaks a promise is kept too: it is replayed until it does not any more.
  await writeCorpus(target.name, [...kept, ...finds.map(({ input }) => input)]);
  console.log(`${target.name}: ${runs} inputs, ${kept.length} kept, ${finds.length} broke it`);
}
const finds = fuzzed.flatMap((each) => each.finds);
for (const { target, input, why } of finds) {
  console.error(`\n${target}: ${JSON.stringify(input.toString("latin1"))}\n${why}`);
}
process.exitCode = finds.length > 0 ? 1 : 0;
