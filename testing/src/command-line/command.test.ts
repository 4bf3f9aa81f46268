import assert from "node:assert/strict";
import { test } from "node:test";
import { choice, flag, helpOf, number, parseCommand, text, whole } from "./index.ts";

const command = {
  name: "npm run boil --",
  about: "Boils eggs.",
  options: {
    seed: whole("what is drawn from", { from: 0, to: 99 }, 1),
    minutes: number("how long", { from: 0.5, to: 60 }, 2),
    only: text("the only egg", "GLOB", undefined),
    water: choice("what in", ["fresh", "salt"], "salt"),
    json: flag("lines for programs"),
  },
} as const;

const parse = (...args: string[]) => parseCommand(command, args);
const problem = (...args: string[]) => {
  const parsed = parse(...args);
  return parsed.kind === "wrong" ? parsed.problem : parsed.kind;
};

test("what is not given is its default; the last of several wins", () => {
  const values = { seed: 1, minutes: 2, only: undefined, water: "salt", json: false };
  assert.deepEqual(parse(), { kind: "run", values });
  assert.deepEqual(
    parse(
      "--seed=7",
      "--minutes",
      "0.5",
      "--only",
      "-a*",
      "--water",
      "fresh",
      "--json",
      "--seed",
      "8",
    ),
    { kind: "run", values: { seed: 8, minutes: 0.5, only: "-a*", water: "fresh", json: true } },
  );
});

test("what there is not is named in one line with what there is", () => {
  const seeds = "Give a whole number from 0 to 99.";
  assert.equal(
    problem("--sed", "7"),
    "There is no option --sed: npm run boil -- --help names those that there are.",
  );
  assert.match(problem("-x"), /^There is no option -x: /);
  assert.match(problem("--constructor"), /^There is no option --constructor: /);
  assert.equal(problem("--seed"), `--seed needs a value. ${seeds}`);
  for (const given of ["", "x", "1.5", "100", "-1", "1e9", "NaN", "--json"])
    assert.equal(problem("--seed", given), `--seed cannot be ${JSON.stringify(given)}. ${seeds}`);
  assert.equal(problem("--water", "sea"), '--water cannot be "sea". Give one of fresh, salt.');
  assert.equal(problem("--json=yes"), '--json cannot be "yes". Give no value.');
  assert.equal(problem("7"), 'npm run boil -- takes options only, not "7".');
});

test("an argument is one of those that there are", () => {
  const cook = {
    ...command,
    argument: { name: "EGG", choices: { hen: "small", ostrich: "large" } },
  };
  const parsed = parseCommand(cook, ["hen", "--json"]);
  assert.ok(parsed.kind === "run" && parsed.argument === "hen" && parsed.values.json);
  const said = (...args: string[]) => {
    const { kind, problem: what } = { problem: "", ...parseCommand(cook, args) };
    return `${kind} ${what}`;
  };
  assert.equal(said("duck"), 'wrong There is no EGG "duck". Give one of hen, ostrich.');
  assert.equal(said("hen", "ostrich"), 'wrong Give one EGG, not hen and "ostrich" too.');
});

test("help wins over the rest, and says what it does, every option and its default", () => {
  for (const args of [["--help"], ["-h"], ["--seed", "5", "--help"]])
    assert.equal(parse(...args).kind, "help");
  assert.equal(
    helpOf(command),
    `npm run boil -- [options]
Boils eggs.

options:
  --seed N      what is drawn from (default 1)
  --minutes N   how long (default 2)
  --only GLOB   the only egg
  --water NAME  what in: fresh, salt (default salt)
  --json        lines for programs
  --help        say this`,
  );
});
