import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { KerfError } from "@kerf/kernel";
import { postgres, type TablesOf } from "./declaration.ts";

interface Tables {
  orders: { id: string };
}

test("a URL or an absolute path names the migrations", () => {
  const url = new URL("./migrations/", import.meta.url);
  const declaration = postgres<Tables>({ migrations: url });
  assert.deepEqual(declaration, {
    kind: "postgres",
    migrations: fileURLToPath(url).slice(0, -1),
    server: "main",
    connections: 4,
  });
  assert.equal(postgres({ migrations: url.href }).migrations, declaration.migrations);
  assert.equal(postgres({ migrations: "/srv/m", server: "payments" }).server, "payments");
  const tables: TablesOf<typeof declaration> = { orders: { id: "1" } };
  assert.ok(tables);
});

test("everything wrong is said at once", () => {
  assert.throws(
    () => postgres({ migrations: "./migrations", server: "Main!", connections: 0 }),
    (error: KerfError) => {
      assert.equal(error.code, "invalid_app");
      assert.match(error.why ?? "", /"\.\/migrations" is not absolute/);
      assert.match(error.why ?? "", /server/);
      assert.match(error.why ?? "", /connections/);
      assert.match(error.fix ?? "", /import\.meta\.url/);
      return true;
    },
  );
});
