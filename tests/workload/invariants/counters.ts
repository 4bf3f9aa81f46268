import type { Invariant } from "./invariant.ts";

/** A counter was moved once for each key that was accepted, at most once for each that was not, and never by anybody else. */
export const counters: Invariant = async ({ sql, journal }) => {
  const bumps = await sql<{ name: string; n: number; mark: string }>(
    "counters",
    "select name, n, mark from bumps",
  );
  const totals = await sql<{ name: string; n: number; bumps: number }>(
    "counters",
    "select c.name, c.n, (select count(*)::int from bumps b where b.name = c.name) as bumps from counters c",
  );
  const byMark = Map.groupBy(bumps, ({ mark }) => mark);
  const marks = new Set(journal.bumps.map(({ mark }) => mark));
  const answered = journal.bumps.filter(({ answers }) => answers.length > 0);
  return [
    {
      holds: "a command that was answered was done once, with that answer",
      checked: answered.length,
      violations: answered
        .map((intent) => ({ intent, done: byMark.get(intent.mark) ?? [] }))
        .filter(({ intent, done }) => done.length !== 1 || done[0]?.n !== intent.answers[0]),
    },
    {
      holds: "no command was done twice, and none that nobody sent",
      checked: byMark.size,
      violations: [...byMark.values()].filter(
        (done) => done.length > 1 || !marks.has(done[0]?.mark ?? ""),
      ),
    },
    {
      holds: "each counter is at the number of commands that moved it",
      checked: totals.length,
      violations: totals.filter(({ n, bumps: count }) => n !== count),
    },
  ];
};
