import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** What both sides have, so many that the lease beats. */
const agreed = 520;
const promised = ["promise 1", "promise 2", "promise 3"];

interface Report {
  readonly endedAt: string | null;
}

/** What differs between two services is mended, once, whoever is killed while they are compared. */
export const reconciliation: Scenario = {
  name: "reconciliation",
  processes: { left: ["wallet"], right: ["books"] },
  killed: ["right"],
  async prepare(databases) {
    const both =
      "insert into %s (label) select 'agreed ' || lpad(n::text, 4, '0') from generate_series(1, $1) n";
    await databases.rows("wallet", both.replace("%s", "receipt"), [agreed]);
    await databases.rows("books", both.replace("%s", "promise"), [agreed]);
    await databases.rows("wallet", "insert into receipt (label) values ('never promised')");
    await databases.rows("books", "insert into promise (label) select unnest($1::text[])", [
      promised,
    ]);
  },
  async drive(client) {
    const ask = { name: "promises", repair: true };
    await client.operate("books", "reconciliations.run", ask);
    await client.until(
      () => client.operate<Report[]>("books", "reconciliations.reports"),
      ([report]) => typeof report?.endedAt === "string",
    );
  },
  async unrest(databases) {
    const { length } = await databases.rows(
      "books",
      "select from kerf.reconciliation where ended_at is null",
    );
    return length === 0 ? undefined : "the reconciliation is under way";
  },
  async check({ effects }, databases) {
    assert.deepEqual([...effects].sort(), promised, "what was promised is paid once");
    const reports = await databases.rows<{
      compared: string;
      failure: string | null;
      left: string[];
    }>(
      "books",
      `select compared::text as compared, failure,
          array(select d ->> 'key' from jsonb_array_elements(differences) d where not (d -> 'repaired')::boolean) as left
        from kerf.reconciliation`,
    );
    assert.ok(reports.length > 0);
    for (const report of reports) {
      const compared = String(agreed + promised.length + 1);
      assert.deepEqual(report, { compared, failure: null, left: ["never promised"] });
    }
  },
};
