import assert from "node:assert/strict";
import { test } from "node:test";
import { runTeams } from "./soak/teams/teams.ts";

test("teams deploy their services at once, touch no other, and are refused what is not theirs", async (t) => {
  const lines: string[] = [];
  const report = await runTeams(
    { services: 4, tokens: 2, deploys: 5, clients: 2, seed: 1 },
    (line) => lines.push(line),
    t.signal,
  );
  assert.equal(report.failed, 0, lines.join("\n"));
});
