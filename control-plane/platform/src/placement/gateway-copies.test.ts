import assert from "node:assert/strict";
import { test } from "node:test";
import { sharesPorts } from "@kerf/call/http";
import type { AppManifest } from "@kerf/service";
import type { Change } from "../rollouts/change.ts";
import { planAutoScale, planRestart, planScale } from "../rollouts/plan-copies.ts";
import { nextDeployment } from "../releases/next-deployment.ts";
import type { ReleaseStore } from "../releases/release-store.ts";
import { scalingOf } from "../scaling/scaling-of.ts";
import { copiesOf, deploy, programsOf } from "./deployment.ts";
import { assertSharedPort } from "./gateway-copies.ts";
import type { KeptPlacement } from "./kept.ts";

const unit = "gateway:web";
const options = { cut: undefined, replicas: 3, network: "unix" } as const;
const target = { inFlight: 20 };
const manifest = {
  app: "shop",
  services: [],
  gateways: [
    {
      name: "web",
      expose: [],
      settings: {},
      backend: { name: "page", contract: { name: "page" } },
    },
  ],
  units: {},
  policies: {},
  servers: {},
  files: [],
  scale: { [unit]: { min: 0, max: 4, target } },
} as unknown as AppManifest;

test("copies of a gateway are kept for the next start, and go with everything that rolls it", async (t) => {
  if (!sharesPorts) return t.skip("this system does not deal a port's connections out");
  const before = deploy(manifest, options);
  assert.equal(copiesOf(before, unit), 1, "--replicas is for units");
  const plan = planScale(before, unit, 2);
  assert.deepEqual(plan.units[unit], { services: ["page"], copies: 2, auto: "off" });
  const change: Change = { version: 1, ...plan, id: "one", by: "ada", at: "" };
  // Nothing is released: the store is not asked.
  const { deployment, kept } = await nextDeployment({} as ReleaseStore, before, undefined, change);
  const again = deploy(manifest, options, JSON.parse(JSON.stringify(kept)) as KeptPlacement);
  for (const one of [deployment, again]) {
    assert.deepEqual(
      programsOf(one, "127.0.0.1", new Map([["web", 8080]])).map(({ copies, http }) => [
        copies,
        http?.port,
      ]),
      [[2, 8080]],
    );
    assert.deepEqual(planRestart(one, unit).units[unit], {
      services: ["page"],
      copies: 2,
      auto: "off",
    });
    assert.equal(scalingOf(one, unit), undefined);
  }
});

test("a gateway never sleeps, and has one copy where its port cannot be shared", (t) => {
  assert.throws(() => assertSharedPort(unit, 2, 1), {
    code: "invalid_input",
    message: /gateway:web can have one copy on this machine, not 2/,
    why: /only Linux/,
  });
  assertSharedPort(unit, 1, 1);
  assertSharedPort("orders", 2, 1);
  if (!sharesPorts) return t.skip("this system does not deal a port's connections out");
  const deployment = deploy(manifest, options);
  assert.throws(() => planAutoScale(deployment, unit, { min: 0, max: 2, target }), {
    message: /gateway:web cannot sleep: requests of clients come to it first/,
    fix: "kerf scale gateway:web --auto 1..2",
  });
  assert.deepEqual(scalingOf(deployment, unit), { min: 0, max: 4, target });
});
