import assert from "node:assert/strict";
import { test } from "node:test";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { movingInstances, placedInstances } from "./placed-instances.ts";

type Copies = Record<string, { serving?: string; silent?: string; staged?: string }>;

/** One place of each unit, with the copy that serves in it and the one that is staged. */
function supervisorOf(copies: Copies): Supervisor {
  const instance = (id: string) => ({ id, address: `unix:/${id}`, state: "ready" });
  const slotsOf = (unit: string) => {
    const { serving, silent, staged } = copies[unit] ?? {};
    return [
      {
        unit,
        routable: serving === undefined ? [] : [instance(serving)],
        silent: silent === undefined ? undefined : instance(silent),
        staged: staged === undefined ? undefined : instance(staged),
      },
    ];
  };
  return { slotsOf, slots: Object.keys(copies).flatMap(slotsOf) } as unknown as Supervisor;
}

const short = (all: readonly { id: string; weight?: number | undefined }[] = []) =>
  all.map(({ id, weight }) => [id, weight]);

test("a service that joins another is called where it was and where it comes to, the other one in its old and new copies", () => {
  const deployment = { units: { catalog: ["catalog"], search: ["search"] } };
  const supervisor = supervisorOf({
    catalog: { serving: "catalog-1", staged: "catalog-2" },
    search: { serving: "search-1" },
  });
  const units = new Set(["catalog", "search"]);
  const own = placedInstances(deployment, supervisor, { units, share: 0.25 });
  assert.deepEqual(short(own["catalog"]), [
    ["catalog-1", 0.75],
    ["catalog-2", 0.25],
  ]);
  const moving = movingInstances(deployment, supervisor, new Map([["search", "catalog"]]), 0.25);
  assert.deepEqual(Object.keys(moving), ["search"]);
  assert.deepEqual(short(moving["search"]), [
    ["search-1", 0.75],
    ["catalog-2", 0.25],
  ]);
});

test("a copy of the unit that a service is cut out of is not called for it, and its new unit is known before it is placed", () => {
  const deployment = { units: { main: ["catalog", "search"] } };
  const supervisor = supervisorOf({
    main: { serving: "main-1", staged: "main-2" },
    search: { staged: "search-1" },
  });
  const units = new Set(["main", "search"]);
  const own = placedInstances(deployment, supervisor, { units, share: 0.25 });
  assert.deepEqual(short(own["search"]), [["search-1", 0.25]]);
  const moving = movingInstances(deployment, supervisor, new Map([["search", "search"]]), 0.25);
  assert.deepEqual(short(moving["search"]), [
    ["main-1", 0.75],
    ["search-1", 0.25],
  ]);
});

test("where no staged copy is left, everything stays where it is", () => {
  const deployment = { units: { main: ["catalog", "search"] } };
  const supervisor = supervisorOf({ main: { serving: "main-1" }, search: {} });
  const moving = movingInstances(deployment, supervisor, new Map([["search", "search"]]), 0.25);
  assert.deepEqual(short(moving["search"]), [["main-1", undefined]]);
});

test("a copy without a connection to us is called only where no copy of its unit has one", () => {
  const slot = (id: string, isSilent: boolean) => ({
    unit: "search",
    routable: isSilent ? [] : [{ id, address: `unix:/${id}`, state: "ready" }],
    silent: isSilent ? { id, address: `unix:/${id}`, state: "ready" } : undefined,
  });
  const called = (...slots: readonly ReturnType<typeof slot>[]): unknown => {
    const supervisor = { slots, slotsOf: () => slots } as unknown as Supervisor;
    return short(placedInstances({ units: { search: ["search"] } }, supervisor)["search"]);
  };
  const ids = (...all: readonly string[]): unknown => all.map((id) => [id, undefined]);
  assert.deepEqual(called(slot("a", false), slot("b", true)), ids("a"));
  assert.deepEqual(called(slot("a", true), slot("b", true)), ids("a", "b"));
});
