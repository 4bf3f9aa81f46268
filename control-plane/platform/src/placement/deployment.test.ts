import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppManifest } from "@kerf/service";
import { deploy, ownUnits, programsOf } from "./deployment.ts";
import { buildPlacement } from "./snapshot-builder.ts";

const discovery = { far: { srv: "_kerf._tcp.far.internal" } };
const contract = (name: string) => ({ name, version: "1.0.0", operations: {}, events: {} });

function manifestOf(found: AppManifest["discovery"]): AppManifest {
  const service = (name: string) => ({
    name,
    owner: "team",
    contract: contract(name),
    uses: [],
    follows: [],
  });
  return {
    app: "shop",
    services: [service("ledger"), service("shelf")],
    gateways: [],
    units: { main: ["shelf"], far: ["ledger"] },
    policies: {},
    servers: {},
    discovery: found,
    files: [],
  } as unknown as AppManifest;
}

test("a unit that is found elsewhere is not started here, and everybody is told where it is looked for", () => {
  const options = { cut: undefined, replicas: 2, network: "tcp" } as const;
  const deployment = deploy(manifestOf(discovery), options);
  assert.deepEqual(ownUnits(deployment), { main: ["shelf"] });
  assert.deepEqual(
    programsOf(deployment, "127.0.0.1", new Map()).map(({ unit, copies }) => [unit, copies]),
    [["main", 2]],
  );
  const placement = buildPlacement({
    manifest: deployment.manifest,
    units: deployment.units,
    environment: "test",
    starting: false,
    instances: {},
    gatewayInstances: {},
    principalKeys: [],
    issuerKeys: [],
  });
  assert.deepEqual(placement.units, {
    far: { instances: [], discovery: discovery.far },
    main: { instances: [] },
  });
  assert.equal(placement.services["ledger"]?.unit, "far");
});

test("it must be a unit of this placement, and able to prove who it is", () => {
  const of = (network: "unix" | "tcp", cut?: string) => () =>
    deploy(manifestOf(discovery), { cut, replicas: 1, network });
  assert.throws(of("unix"), { code: "invalid_configuration", fix: /--network tcp/ });
  assert.throws(of("tcp", "none"), {
    code: "invalid_configuration",
    message: /makes no such unit/,
  });
  const nothing = { cut: "none", replicas: 1, network: "unix" } as const;
  assert.deepEqual(ownUnits(deploy(manifestOf(undefined), nothing)), { main: ["ledger", "shelf"] });
});
