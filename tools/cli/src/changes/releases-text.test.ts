import assert from "node:assert/strict";
import { test } from "node:test";
import { dateTime } from "../output/duration.ts";
import { plain } from "../output/paint.ts";
import { releasesText } from "./releases-text.ts";

test("each release says what it brought, and one that failed why; nothing is wider than the terminal but its own line", () => {
  const at = "2026-01-02T03:04:05.000Z";
  const made = dateTime(Date.parse(at)).slice(0, -4);
  const common = { unit: "main", at, by: "ada", versions: { search: "1.1.0", users: "1.0.0" } };
  const users = "b".repeat(64);
  const text = releasesText(
    [
      {
        ...common,
        number: 3,
        builds: { search: "c".repeat(64), users },
        running: false,
        failed: "start",
        failure: "The unit main ended with exit code 70 before it was ready. Error: no way in",
        why: "deploy search",
      },
      {
        ...common,
        number: 2,
        builds: { search: "a".repeat(64), users },
        set: { users: ["sessionHours"] },
        running: true,
        why: "configure users (sessionHours)",
      },
      {
        ...common,
        number: 1,
        builds: { search: "a".repeat(64), users },
        running: false,
        back: true,
        why: "the first start",
      },
    ],
    plain,
    60,
  );
  assert.deepEqual(text.split("\n"), [
    `RELEASE                 MADE                 BY   FOR`,
    `main@3   failed: start  ${made}  ada  deploy search`,
    `    search 1.1.0 cccccccccccc`,
    `    The unit main ended with exit code 70 before it was`,
    `    ready. Error: no way in`,
    `main@2   running        ${made}  ada  configure users (sessionHours)`,
    `    set: users (sessionHours)`,
    `main@1   before         ${made}  ada  the first start`,
    `    search 1.1.0 aaaaaaaaaaaa, users 1.0.0 bbbbbbbbbbbb`,
  ]);
});
