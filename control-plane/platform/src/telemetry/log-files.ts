import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogSource } from "../api/logs.ts";
import type { Home } from "../state/home.ts";

/** Every log below a home that is worth keeping: of what runs, and of what ran until a moment ago. */
export function logFiles(home: Home, servers: readonly { readonly name: string }[]): LogSource[] {
  const programs = readdirSync(home.logs).flatMap((name): LogSource[] => {
    const file = join(home.logs, name);
    // The store's own it would feed itself with.
    if (!name.endsWith(".log") || file === home.log("telemetry")) return [];
    return [{ source: sourceOf(name.slice(0, -4)), file }];
  });
  const databases = servers.map(({ name }): LogSource => ({
    source: `postgres:${name}`,
    file: home.postgresLog(name),
  }));
  return [...programs, ...databases];
}

/** `orders-1` is a place of the unit `orders`, `gateway.web-1` one of the gateway `web`. */
function sourceOf(slot: string): string {
  return slot.replace(/-\d+$/, "").replace(/^gateway\./, "gateway:");
}
