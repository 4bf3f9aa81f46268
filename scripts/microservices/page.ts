import type { Row } from "../../docs/microservices.ts";

/** The page docs/microservices.md. */
export function microservicesPage(rows: readonly Row[]): string {
  const built = rows.filter(({ state }) => "built" in state).length;
  return [
    "# What microservices promise, what they cost, and what Kerf does",
    "",
    "<!-- Written by `npm run fix` from docs/microservices.ts; do not edit. -->",
    "",
    `${rows.length} rows, ${built} of them built. A built row names the command that shows it and the test that exercises the real thing;`,
    "`npm run verify` checks that both exist. The other rows say so.",
    "",
    "## The promises",
    "",
    ...table(rows.filter(({ kind }) => kind === "promise")),
    "",
    "## The costs",
    "",
    ...table(rows.filter(({ kind }) => kind === "cost")),
    "",
  ].join("\n");
}

function table(rows: readonly Row[]): string[] {
  return [
    "| | what Kerf does | try | test |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ says, kerf, command, state }) => {
      const test =
        "built" in state
          ? `[${state.built.split("/").at(-1)}](../${state.built})`
          : `**not built yet** (${state.planned})`;
      return `| ${says} | ${kerf} | ${command === undefined ? "–" : `\`${command}\``} | ${test} |`;
    }),
  ];
}
