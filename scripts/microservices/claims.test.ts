import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../../docs/microservices.ts";
import { type Existing, falseClaims } from "./claims.ts";

const existing: Existing = {
  file: (path) => path === "tests/real.test.ts",
  npmScripts: ["start", "test", "bench"],
  kerfCommands: ["status", "db", "db shell"],
};
const row = (command: string | undefined, state: Row["state"]): Row => ({
  kind: "cost",
  says: "x",
  kerf: "y",
  state,
  ...(command === undefined ? {} : { command }),
});

test("a built row has a test and a command that exist", () => {
  const real = { built: "tests/real.test.ts" };
  for (const command of [
    "npm start -- --cut none",
    "npm run bench",
    "kerf status",
    "kerf db shell orders",
    "curl x",
  ])
    assert.deepEqual(falseClaims([row(command, real)], existing), [], command);
  for (const command of ["npm run fly", "kerf split", "make", undefined])
    assert.equal(falseClaims([row(command, real)], existing).length, 1, `${command}`);
  assert.equal(
    falseClaims([row("kerf status", { built: "tests/gone.test.ts" })], existing).length,
    1,
  );
});

test("a planned row claims nothing", () => {
  assert.deepEqual(falseClaims([row(undefined, { planned: "later" })], existing), []);
});
