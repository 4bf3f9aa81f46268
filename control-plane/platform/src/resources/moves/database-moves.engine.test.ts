import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { withConnection } from "@kerf/data";
import { EmbeddedServer } from "@kerf/data/embedded";
import type { RolloutStep } from "@kerf/control-api";
import { type PlatformProcess, Workplace } from "../../testing/platform-process.ts";
import { pauseMs } from "../../testing/requests.ts";

/** Commands one after the other from two clients; `stop` tells which were answered and what the others said. */
function load(gateway: string, prefix: string) {
  let working = true;
  let n = 0;
  const answered: string[] = [];
  const failed: string[] = [];
  const ask = async (): Promise<void> => {
    for (; working; await delay(pauseMs)) {
      const mark = `${prefix}-${n++}`;
      const answer = await fetch(`${gateway}/entries`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ mark }),
      }).catch((error: unknown) => ({ status: 0, text: () => Promise.resolve(String(error)) }));
      if (answer.status === 200) answered.push(mark);
      else failed.push(`${answer.status} ${await answer.text()}`);
    }
  };
  const asked = Promise.all([ask(), ask()]);
  return {
    async stop() {
      working = false;
      await asked;
      return { answered, failed };
    },
  };
}

/** Waits until entries are written again, and answers which was: callers keep away from what failed for a moment. */
async function written(gateway: string, prefix: string): Promise<string[]> {
  for (let n = 0; ; n++) {
    const working = load(gateway, `${prefix}-${n}`);
    await delay(pauseMs);
    const { answered, failed } = await working.stop();
    if (answered.length > 0 && failed.length === 0) return answered;
  }
}

const column = async (platform: PlatformProcess, service: string, table: string) => {
  const statement = `select coalesce(json_agg(mark order by n), '[]') from ${table}`;
  const { rows } = await platform.client.sql({ service, statement });
  return JSON.parse(String(rows[0]?.[0])) as string[];
};

/** Waits until every entry was seen by who follows them. */
async function allSeen(platform: PlatformProcess): Promise<string[]> {
  for (;;) {
    const [entries, seen] = await Promise.all([
      column(platform, "entries", "entries"),
      column(platform, "witness", "seen"),
    ]);
    if (seen.length >= entries.length) {
      assert.deepEqual(seen.toSorted(), entries.toSorted());
      return entries;
    }
    await delay(pauseMs);
  }
}

function assertOnce(entries: readonly string[], answered: readonly string[]): void {
  assert.equal(new Set(entries).size, entries.length, "no command took effect twice");
  const there = new Set(entries);
  assert.deepEqual(
    answered.filter((mark) => !there.has(mark)),
    [],
    "every command that was answered is there",
  );
}

const moved = (home: string): string | undefined => {
  const text = readFileSync(join(home, "state", "databases.json"), "utf8");
  return (JSON.parse(text) as { at: Record<string, { server: string }> }).at["entries"]?.server;
};

/** Starts a server of the home for a moment, or reaches it, and reads as its administrator. */
async function lookInto(home: string, run: string, server: string, statement: string) {
  const running = await EmbeddedServer.start({
    name: server,
    directory: join(home, "postgres", server),
    socketDirectory: join(run, "pg", server),
  });
  try {
    return await withConnection(running.database.admin(), "test", async (client) => {
      const { rows } = await client.query<{ what: string }>(statement);
      return rows.map(({ what }) => what);
    });
  } finally {
    if (!running.adopted) await running.stop();
  }
}

test("a database is moved under load: no command fails or is lost, events go on, the old one is closed", async (t) => {
  const place = new Workplace(t, "ledger");
  let platform = place.start("--no-watch");
  let gateway = (await platform.ready()).gateways[0]?.url as string;
  const run = join(place.home, "run");
  const all: string[] = [];
  const everything = load(gateway, "first");
  const { tables, ...report } = await platform.client.moveDatabase({
    change: "c-first",
    service: "entries",
    to: { embedded: "second" },
  });
  const first = await everything.stop();
  all.push(...first.answered);
  assert.deepEqual(first.failed, []);
  assert.deepEqual([report.from, report.to, moved(place.home)], ["main", "second", "second"]);
  assert.ok(tables.some(({ name, rows }) => name === '"public"."entries"' && rows > 0));
  assert.equal(
    report.rows,
    tables.reduce((sum, { rows }) => sum + rows, 0),
  );
  assertOnce(await allSeen(platform), all);

  await t.test(
    "nobody can log in to the old one as the service, and it can be dropped",
    async () => {
      const closed = await lookInto(
        place.home,
        run,
        "main",
        "select rolname as what from pg_roles where rolname like 'entries_app%' and rolcanlogin union all select datname from pg_database where datname like 'entries%'",
      );
      assert.deepEqual(closed, [report.left.database]);
      assert.deepEqual(await platform.client.dropLeftDatabases({ service: "entries" }), {
        dropped: [report.left],
      });
      const { entries } = await platform.client.audit({});
      assert.deepEqual(
        entries.map(({ action, result }) => `${action} ${result}`),
        ["moveDatabase done", "dropLeftDatabases done"],
      );
    },
  );

  await t.test("what cannot be proved equal is not moved, and serves on", async () => {
    const touch = () =>
      fetch(`${gateway}/restless`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
    assert.equal((await touch()).status, 200);
    const to = { embedded: "third" };
    await assert.rejects(
      platform.client.moveDatabase({ change: "c-restless", service: "restless", to }),
      ({ data }: { data: { message: string } }) => /touches/.test(data.message),
    );
    assert.equal((await touch()).status, 200);
    const { databases } = await platform.client.status({});
    assert.deepEqual(databases.map(({ server }) => server).toSorted(), ["main", "second"]);
    const left = "select datname as what from pg_database where datname = 'restless'";
    assert.deepEqual(await lookInto(place.home, run, "third", left), []);
  });

  // The moments: copied and not held; held and not committed, or just so; committed and not everybody there.
  const moments: [RolloutStep, "started" | "done"][] = [
    ["copy", "done"],
    ["prove", "started"],
    ["prove", "done"],
    ["shift", "done"],
  ];
  for (const [number, [step, state]] of moments.entries()) {
    await t.test(`a platform that is killed with ${step} ${state} leaves one truth`, async (t) => {
      const from = moved(place.home);
      const to = from === "second" ? "fourth" : "second";
      const working = load(gateway, `kill${number}`);
      t.after(() => working.stop());
      const change = `c-kill-${number}`;
      const at = platform.event(
        "rollout",
        (event) => event.change === change && event.step === step && event.state === state,
      );
      const asked = platform.client.moveDatabase({
        change,
        service: "entries",
        to: { embedded: to },
      });
      // A move that fails before that moment says why.
      await Promise.race([at, asked.then(() => at)]);
      asked.catch(() => {});
      platform.child.kill("SIGKILL");
      await platform.exited;
      platform = place.start("--no-watch");
      gateway = (await platform.ready()).gateways[0]?.url as string;
      const { answered } = await working.stop();
      all.push(...answered);
      const now = moved(place.home) as string;
      assert.ok(now === from || now === to);
      if (step === "copy") assert.equal(now, from);
      if (state === "done" && step !== "copy") assert.equal(now, to);
      all.push(...(await written(gateway, `again${number}`)));
      const after = load(gateway, `after${number}`);
      await delay(10 * pauseMs);
      const { answered: later, failed } = await after.stop();
      all.push(...later);
      assert.deepEqual(failed, []);
      assertOnce(await allSeen(platform), all);
      const other = now === from ? to : (from as string);
      const writers = "select datname as what from pg_database where datname = 'entries'";
      assert.deepEqual(await lookInto(place.home, run, other, writers), []);
    });
  }
});
