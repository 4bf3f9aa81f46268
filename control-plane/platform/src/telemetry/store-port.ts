import { join } from "node:path";
import { freePort } from "../api/ports.ts";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";

/** Where OpenTelemetry's SDKs send without being told (OTLP/HTTP). */
const usualPort = 4_318;

/**
 * The port at which the store takes OTLP: the one of last time while it is free, since programs that run were told of it. At first the usual one where
 * that is `preferred`, else any.
 */
export async function storePort(home: Home, preferred: boolean): Promise<number> {
  const file = join(home.state, "telemetry.json");
  const kept = readJson<{ port: number }>(file)?.port;
  const wanted = [...(kept === undefined ? [] : [kept]), ...(preferred ? [usualPort] : []), 0];
  for (const port of wanted) {
    const free = await freePort("telemetry", "127.0.0.1", port).catch(() => undefined);
    if (free === undefined) continue;
    if (free !== kept) await writeJson(file, { port: free });
    return free;
  }
  throw new Error("no port is free");
}
