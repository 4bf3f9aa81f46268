import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

interface Told {
  readonly id: string;
  readonly key: string;
}

/** An operator looks at a log in every way that there is, and sees the same whoever answers. */
export const inspect: Scenario = {
  name: "inspect",
  processes: { left: ["wallet"] },
  among: /log-inspector/,
  async drive(client) {
    for (const from of ["ada", "ben", "ada"]) {
      const label = `${from} ${client.outcomes.size}`;
      await client.pay({ from, to: "shop", amount: 1, label });
    }
    const ask = <Answer>(what: string, input: Readonly<Record<string, unknown>> = {}) =>
      client.operate<Answer>("wallet", `events.${what}`, input);
    // Final is what no open transaction of the server is older than, for an instance that has just come as well.
    const tail = (input?: Readonly<Record<string, unknown>>) =>
      client.until(
        () => ask<Told[]>("tail", input),
        ({ length }) => length === 3,
      );
    const all = await tail({ after: "0" });
    assert.deepEqual(
      all.map(({ key }) => key),
      ["ada", "ben", "ada"],
    );
    assert.deepEqual(await tail(), all);
    assert.deepEqual(
      await ask<Told[]>("history", { key: "ada" }),
      all.filter(({ key }) => key === "ada"),
    );
    await client.until(
      () => ask<{ head: string }>("log"),
      ({ head }) => head === all.at(-1)?.id,
    );
    const after = Object.fromEntries(Array.from({ length: 16 }, (_, shard) => [shard, "0"]));
    assert.equal((await ask<{ events: number }>("behind", { after })).events, 3);
    assert.equal(await ask<string>("before", { time: "2000-01-01T00:00:00Z" }), "0");
  },
  check: ({ events }) => assert.equal(events.length, 3),
};
