// Boundary: `npm run fuzz -- [--minutes M] [--seed N] [--target NAME]`: mutates from the corpus, keeps what came to something new, and says what broke.
import { seededRandom } from "@kerf/kernel";
import { choice, number, readCommandLine, whole } from "../command-line/index.ts";
import { writeCorpus } from "./corpus.ts";
import { FuzzedTarget } from "./fuzz-target.ts";
import { targets } from "./targets.ts";

/** Inputs of one parser before the next one has its turn. */
const turn = 50;

const { values } = readCommandLine({
  name: "npm run fuzz --",
  about:
    "Mutates what parsers of bytes from outside are known to meet, keeps what comes to something new, and says what broke.",
  options: {
    minutes: number("how long", { from: 0.01, to: 24 * 60 }, 1),
    seed: whole(
      "what is drawn from; by default another one each time",
      { from: 0, to: Number.MAX_SAFE_INTEGER },
      undefined,
    ),
    target: choice(
      "one parser in place of all",
      targets.map(({ name }) => name),
      undefined,
    ),
  },
});
const { minutes } = values;
const seed = values.seed ?? Date.now();
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);

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
