import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { Home } from "../state/home.ts";
import { type PostgresContainers, PostgresServer } from "./postgres-server.ts";

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), "kerf-postgres-server-"));
});
after(() => rmSync(root, { recursive: true, force: true }));

/** Why a server does not start. */
async function refusal(
  home: Home,
  containers: PostgresContainers | undefined,
): Promise<string | undefined> {
  const server = new PostgresServer({
    name: "main",
    home,
    clock: systemClock,
    log: new Logger({ level: "error", sink: () => {}, fields: {} }),
    containers,
    started: () => Promise.reject(new Error("it started")),
    moved: () => {},
    problem: () => {},
  });
  await server.start();
  await server.stop(1_000);
  return server.lastError?.fix;
}

test("data of an embedded server are not left behind by a container, nor those of a container by an embedded server", async () => {
  const containers = {
    image: "postgres:18",
    open: () => Promise.reject(new Error("it was asked")),
  };
  const embedded = Home.open(join(root, "embedded"));
  mkdirSync(embedded.postgresData("main"), { recursive: true });
  assert.match((await refusal(embedded, containers)) ?? "", /Start it without --postgres/);

  const contained = Home.open(join(root, "contained"));
  mkdirSync(contained.backing("postgres-main"), { recursive: true });
  writeFileSync(contained.backingMade("postgres-main"), "{}");
  assert.match((await refusal(contained, undefined)) ?? "", /Start it with --postgres/);
});
