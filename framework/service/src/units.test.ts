import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import fc from "fast-check";
import { cutUnits, resolveUnits } from "./units.ts";

const services = ["users", "orders", "search"];

test("each service is a unit of its own by default", () => {
  assert.deepEqual(resolveUnits("each", services), {
    units: { users: ["users"], orders: ["orders"], search: ["search"] },
    problems: [],
  });
});

test("a unit takes what the others leave", () => {
  assert.deepEqual(resolveUnits({ main: "*", apart: ["search"] }, services), {
    units: { main: ["users", "orders"], apart: ["search"] },
    problems: [],
  });
});

test("everything that is wrong with a placement is reported at once", () => {
  const { problems } = resolveUnits(
    { a: ["users", "nope"], b: ["users"], "C!": ["search"], none: [] },
    services,
  );
  assert.deepEqual(problems, [
    'units.a: there is no service "nope"; the app has users, orders, search',
    "units.b: the service users is in the unit a already",
    'units.C!: the name must be lower-case letters, digits and "-", at most 40 long',
    'units: orders is in no unit; name them, or give one unit "*"',
    "units.none: has no service",
  ]);
  assert.deepEqual(resolveUnits({ a: "*", b: "*" }, services).problems, [
    'units: only one unit can take "*", but a and b do',
  ]);
});

test("a program of its own has a unit of its own, whoever takes the rest", () => {
  assert.deepEqual(resolveUnits({ main: "*" }, services, ["search"]), {
    units: { main: ["users", "orders"], search: ["search"] },
    problems: [],
  });
  assert.deepEqual(resolveUnits({ main: "*", apart: ["search"] }, services, ["search"]).units, {
    main: ["users", "orders"],
    apart: ["search"],
  });
  assert.deepEqual(
    resolveUnits({ main: ["users", "search"], search: ["orders"] }, services, ["search"]).problems,
    [
      "units.main: search is a program of its own and cannot share one with users; leave it out there",
      "units.search: the unit of the program of search has that name; rename it",
      'units: search is in no unit; name them, or give one unit "*"',
    ],
  );
  const apart = { main: ["users", "orders"], search: ["search"] };
  assert.deepEqual(cutUnits("none", services, ["search"]), apart);
  assert.deepEqual(cutUnits("search", services, ["search"]), apart);
});

test("--cut none, all and a list", () => {
  assert.deepEqual(cutUnits("none", services), { main: services });
  assert.deepEqual(cutUnits("all", services), {
    users: ["users"],
    orders: ["orders"],
    search: ["search"],
  });
  assert.deepEqual(cutUnits("search, orders", services), {
    search: ["search"],
    orders: ["orders"],
    main: ["users"],
  });
  assert.deepEqual(cutUnits("users,orders,search", services), cutUnits("all", services));
});

test("an unknown service in --cut is refused with the list of the known ones", () => {
  assert.throws(
    () => cutUnits("orders,ordres", services),
    (thrown: unknown) => {
      assert.ok(thrown instanceof KerfError);
      assert.equal(thrown.code, "invalid_configuration");
      assert.match(thrown.message, /"ordres"/);
      assert.match(thrown.fix ?? "", /users, orders, search/);
      return true;
    },
  );
  assert.throws(() => cutUnits(",", services), /names no service/);
  assert.throws(() => cutUnits("main", ["main", "other"]), /cannot cut the service called main/);
});

test("every cut places every service exactly once", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(names, fc.nat(255), (all, mask) => {
      fc.pre(!all.includes("main"));
      const cut = all.filter((_, index) => (mask >> index) & 1);
      const placed = Object.values(cutUnits(cut.length === 0 ? "none" : cut.join(","), all)).flat();
      assert.deepEqual(placed.toSorted(), all.toSorted());
    }),
  );
});
