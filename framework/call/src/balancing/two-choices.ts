import type { Random } from "@kerf/kernel";
import type { Address, PlacedInstance } from "../placement.ts";
import type { TransportPool } from "./transport-pool.ts";

/**
 * Picks the less busy one of two instances drawn at random: nearly as good as asking all, without the herd that
 * follows when everyone picks the least busy. `tried` is left out while there is another.
 */
export function pickInstance(
  instances: readonly PlacedInstance[],
  pool: TransportPool,
  random: Random,
  tried: Address | undefined,
): PlacedInstance | undefined {
  const single = instances.length === 1 ? instances[0] : undefined;
  if (single !== undefined) return single.state === "ready" ? single : undefined;
  const ready = instances.filter((instance) => instance.state === "ready");
  const rested = ready.filter(
    (instance) => instance.address !== tried && !pool.rests(instance.address),
  );
  const choices = rested.length > 0 ? rested : ready;
  if (choices.length <= 1) return choices[0];
  const first = Math.floor(random.next() * choices.length);
  const second = (first + 1 + Math.floor(random.next() * (choices.length - 1))) % choices.length;
  const one = choices[first] as PlacedInstance;
  const other = choices[second] as PlacedInstance;
  return pool.inFlight(other.address) < pool.inFlight(one.address) ? other : one;
}
