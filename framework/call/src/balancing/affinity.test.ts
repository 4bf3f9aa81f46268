import assert from "node:assert/strict";
import { test } from "node:test";
import { type Candidate, chooseByKey } from "./affinity.ts";

const keys = Array.from({ length: 4_000 }, (_, n) => `customer-${n}`);

function instances(...ids: string[]): Candidate[] {
  return ids.map((id) => ({ id, weight: 1, inFlight: 0 }));
}

function places(candidates: readonly Candidate[]): Map<string, string> {
  return new Map(keys.map((key) => [key, chooseByKey(key, candidates)?.id ?? ""]));
}

test("only the keys of an instance that comes or goes move", () => {
  const before = places(instances("a", "b", "c", "d"));
  const after = places(instances("d", "b", "a"));
  for (const [key, place] of before) if (place !== "c") assert.equal(after.get(key), place);
  assert.deepEqual(new Set(after.values()), new Set(["a", "b", "d"]));
});

test("keys are shared out by weight", () => {
  const [a, b, c] = instances("a", "b", "c") as [Candidate, Candidate, Candidate];
  const of = (id: string, candidates: Candidate[]): number =>
    [...places(candidates).values()].filter((place) => place === id).length / keys.length;
  for (const { id } of [a, b, c]) assert.ok(Math.abs(of(id, [a, b, c]) - 1 / 3) < 0.03, id);
  assert.ok(Math.abs(of("b", [a, { ...b, weight: 2 }, c]) - 1 / 2) < 0.03);
});

test("an instance that has more than its share under way is passed over, always for the same one", () => {
  const free = instances("a", "b", "c", "d");
  const first = chooseByKey("hot", free)?.id;
  const busy = free.map((one) => (one.id === first ? { ...one, inFlight: 10 } : one));
  const next = chooseByKey("hot", busy)?.id;
  assert.notEqual(next, first);
  assert.equal(
    next,
    chooseByKey(
      "hot",
      free.filter(({ id }) => id !== first),
    )?.id,
  );
  // When all have as much to do, nobody is passed over.
  assert.equal(
    chooseByKey(
      "hot",
      free.map((one) => ({ ...one, inFlight: 10 })),
    )?.id,
    first,
  );
  assert.equal(chooseByKey("hot", []), undefined);
});
