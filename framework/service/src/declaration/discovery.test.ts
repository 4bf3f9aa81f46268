import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiscoverySettings } from "@kerf/call";
import { unitDiscoveryProblems } from "./discovery.ts";

test("where units are found is checked whole, and only for units that there are", () => {
  const problemsOf = (settings: DiscoverySettings): string =>
    unitDiscoveryProblems({ far: settings }, ["far", "main"]).join("\n");
  for (const good of [
    { srv: "_kerf._tcp.far.internal", servers: ["10.0.0.53:53"] },
    { dns: { host: "far.internal", port: 7000 } },
    { addresses: ["10.0.0.7:7000", "[fd00::7]:7000", "far.internal:7000"] },
    { kubernetes: { namespace: "shop", service: "far", port: "kerf" } },
  ])
    assert.equal(problemsOf(good), "");
  for (const [settings, problem] of [
    [{}, /names one of dns, srv, kubernetes and addresses/],
    [{ srv: "a", addresses: ["b:1"] }, /names one of/],
    [{ addresses: [] }, /names 0 instances/],
    [{ addresses: ["a:1", "a:1"] }, /an instance twice/],
    [{ addresses: ["a"] }, /"a" is not host:port/],
    [{ addresses: ["a:70000"] }, /is not host:port/],
    [{ addresses: ["tcp:a:1"] }, /is not host:port/],
    [{ addresses: ["a:1"], servers: ["10.0.0.53"] }, /only dns and srv ask/],
  ] satisfies [DiscoverySettings, RegExp][])
    assert.match(problemsOf(settings), problem);
  assert.deepEqual(unitDiscoveryProblems({ ghost: { srv: "a" } }, ["far", "main"]), [
    'discovery.ghost: there is no unit "ghost"; there are far, main',
  ]);
});
