import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { rotate } from "../supervisor/log-rotation.ts";
import { type LogSource, readLogs } from "./logs.ts";

function stage(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "kerf-logs-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = (name: string): string => join(directory, `${name}.log`);
  const read = (sources: () => LogSource[], tail: number, signal?: AbortSignal) =>
    readLogs({
      sources,
      tail,
      follow: signal !== undefined,
      clock: systemClock,
      signal: signal ?? new AbortController().signal,
    });
  return { file, read };
}

const line = (time: string, message: string, service?: string): string =>
  `${JSON.stringify({ time, level: "info", message, service })}\n`;

test("the last lines of all logs come in the order of their times, plain ones too", async (t) => {
  const { file, read } = stage(t);
  writeFileSync(
    file("a"),
    `${line("2026-01-01T00:00:01.000Z", "one")}${line("2026-01-01T00:00:03.000Z", "three")}`,
  );
  writeFileSync(file("pg"), "2026-01-01 00:00:02.000 UTC [7] LOG:  two\n\n");
  const sources = (): LogSource[] => [
    { source: "a", file: file("a") },
    { source: "postgres:main", file: file("pg") },
    { source: "none", file: file("none") },
  ];
  const lines = await Array.fromAsync(read(sources, 10));
  assert.deepEqual(
    lines.map(({ source, message, line: text }) => [source, message ?? text]),
    [
      ["a", "one"],
      ["postgres:main", "2026-01-01 00:00:02.000 UTC [7] LOG:  two"],
      ["a", "three"],
    ],
  );
  // What says no time came after what stands before it, and not when it is read.
  writeFileSync(
    file("b"),
    `${line("2026-01-01T00:00:01.500Z", "ends")}    at once (service.ts:1)\n`,
  );
  const both = () => [...sources(), { source: "b", file: file("b") }];
  assert.deepEqual(
    (await Array.fromAsync(read(both, 10))).map(({ source }) => source),
    ["a", "b", "b", "postgres:main", "a"],
  );
  assert.equal((await Array.fromAsync(read(sources, 1))).length, 1);
  assert.equal((await Array.fromAsync(read(sources, 0))).length, 0);
});

test("of a unit's log, a service's lines and those that name none are its own", async (t) => {
  const { file, read } = stage(t);
  const time = "2026-01-01T00:00:01.000Z";
  writeFileSync(
    file("main"),
    `${line(time, "mine", "orders")}${line(time, "theirs", "users")}${line(time, "the unit is ready")}plain\n`,
  );
  const lines = await Array.fromAsync(
    read(() => [{ source: "main", file: file("main"), service: "orders" }], 10),
  );
  assert.deepEqual(
    lines.map(({ message, line: text }) => message ?? text),
    ["mine", "the unit is ready", "plain"],
  );
});

test("following tells what is written from now on, over a rotation and to logs that come later", async (t) => {
  const { file, read } = stage(t);
  writeFileSync(file("a"), "before\n");
  const names = ["a"];
  const leave = new AbortController();
  const lines = read(
    () => names.map((name) => ({ source: name, file: file(name) })),
    1,
    leave.signal,
  );
  const next = async (): Promise<string | undefined> => {
    const { value, done } = await lines.next();
    return done === true ? undefined : value.line;
  };
  assert.equal(await next(), "before");
  const first = next();
  appendFileSync(file("a"), "written in ");
  appendFileSync(file("a"), "two parts\n");
  assert.equal(await first, "written in two parts");
  // What stood there at the end is told too, although it was set aside before anybody looked.
  appendFileSync(file("a"), "the last of it\n");
  await rotate(file("a"), 1);
  appendFileSync(file("a"), "anew\n");
  assert.equal(await next(), "the last of it");
  assert.equal(await next(), "anew");
  const [before] = await Array.fromAsync(read(() => [{ source: "a", file: file("a") }], 2));
  assert.equal(before?.line, "the last of it");
  names.push("b");
  writeFileSync(file("b"), line("2026-01-01T00:00:01.000Z", "of long ago"));
  appendFileSync(file("b"), `${line(new Date().toISOString(), "begins")}a second one\n`);
  assert.match((await next()) ?? "", /begins/);
  assert.equal(await next(), "a second one");
  const last = next();
  leave.abort();
  assert.equal(await last, undefined);
});
