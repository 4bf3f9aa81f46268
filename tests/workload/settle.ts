import { setTimeout as sleep } from "node:timers/promises";
import type { ShopStatus } from "../shop/running-shop.ts";
import { behind } from "./invariants/at-rest.ts";
import type { RunSql } from "./sql.ts";

/** How long the app may take to come to rest, milliseconds: the longest pauses of restarts, leases and retries several times over. */
const withinMs = 120_000;

/** What comes to rest. */
export interface Settling {
  readonly shop: { status(): Promise<ShopStatus> };
  readonly sql: RunSql;
}

/** Waits until everything is ready and nothing is on its way any more. Answers what still was when the time was over. */
export async function settle(cluster: Settling, signal: AbortSignal): Promise<string | undefined> {
  const end = performance.now() + withinMs;
  let left = "it was not looked at";
  let quiet = 0;
  while (!signal.aborted) {
    left = await onItsWay(cluster);
    quiet = left === "" ? quiet + 1 : 0;
    // Twice: what was just taken up again has no row yet that says so.
    if (quiet === 2) return undefined;
    if (performance.now() > end) break;
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
  return left;
}

async function onItsWay(cluster: Settling): Promise<string> {
  try {
    const { units, databases } = await cluster.shop.status();
    const away = [
      ...units.flatMap(({ name, instances }) =>
        instances.filter(({ state }) => state !== "ready").map(({ state }) => `${name} ${state}`),
      ),
      ...databases
        .filter(({ state }) => state !== "ready")
        .map(({ server }) => `PostgreSQL ${server}`),
    ];
    if (away.length > 0) return `not ready: ${away.join(", ")}`;
    const [sagas] = await cluster.sql<{ n: number }>(
      "orders",
      "select count(*)::int as n from kerf.saga where state in ('running', 'undoing')",
    );
    if (sagas?.n !== 0) return `${sagas?.n} sagas are not at their end`;
    const lags = await behind(cluster.sql);
    return lags.length === 0 ? "" : `consumers are behind: ${JSON.stringify(lags)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
