import assert from "node:assert/strict";
import { test } from "node:test";
import { assertSameServers } from "./assert-same-servers.ts";

const on = (name: string, server: string) => ({ name, database: { server } });
const running = { services: [on("orders", "main"), on("payments", "money")], servers: {} };

test("a deploy that would leave data behind is refused", () => {
  assertSameServers(running, { services: [on("payments", "money"), on("new", "x")], servers: {} });
  assert.throws(() => assertSameServers(running, { services: [on("orders", "x")], servers: {} }), {
    message: /database of orders lies on the server main, and orders would look for it on x/,
  });
  const servers = { money: { urlFile: "/run/money" } };
  assert.throws(() => assertSameServers(running, { services: [], servers }), {
    message: /payments would look for it in another place, \/run\/money/,
  });
});
