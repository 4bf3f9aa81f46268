import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTableTypes } from "kerf/testing";
import app from "./app.ts";

for (const [name, load] of Object.entries(app.services)) {
  test(`the table types of ${name} are what its migrations make`, async (t) => {
    const { default: service } = await load();
    if (service.database === undefined) return t.diagnostic("it keeps no data");
    const file = new URL(`./${name}/tables.generated.ts`, import.meta.url);
    const { upToDate, difference } = await checkTableTypes(service, file);
    assert.ok(upToDate, difference ?? "");
  });
}
