/** One thing that `npm run verify` looks at. */
export interface Step {
  readonly name: string;
  /** A program in node_modules/.bin or `node`, and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  /** What to do when it fails. */
  readonly fix: string;
}

/** Every check but the tests, the quick ones first. */
export const steps: readonly Step[] = [
  { name: "format", command: ["oxfmt", "--check"], fix: "npm run fix" },
  {
    name: "layers",
    command: ["node", "scripts/check-layers.ts"],
    fix: "move the code to where the table in layers.ts allows it",
  },
  {
    name: "generated files",
    command: ["node", "scripts/check-generated.ts"],
    fix: "npm run fix, then look at the diff",
  },
  {
    name: "quoted code",
    command: ["node", "scripts/check-quotes.ts"],
    fix: "quote the lines as they are in the file that the block names; a line with // … leaves some out",
  },
  {
    name: "promises kept",
    command: ["node", "scripts/check-microservices.ts"],
    fix: "correct the row in docs/microservices.ts, or add what it names",
  },
  {
    name: "links",
    command: ["node", "scripts/check-links.ts"],
    fix: "correct the link",
  },
  {
    name: "secrets and paths",
    command: ["node", "scripts/check-tracked.ts"],
    fix: "take it out; a secret that was committed must be replaced as well",
  },
  {
    name: "lint",
    command: ["oxlint", "--format=unix"],
    fix: "npm run fix mends what can be mended by itself",
  },
  {
    name: "types",
    command: ["tsc", "--noEmit", "-p", "tsconfig.json", "--pretty", "false"],
    fix: "the types say what is wrong",
  },
  {
    name: "types of the dashboard",
    command: ["tsc", "--noEmit", "-p", "tools/dashboard", "--pretty", "false"],
    fix: "the types say what is wrong",
  },
];
