import { join } from "node:path";
import { freePort } from "../api/ports.ts";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";

/** Where the store takes OTLP on this machine's loopback interface. */
export interface StorePorts {
  readonly http: number;
  readonly grpc: number;
}

/** Where OpenTelemetry's SDKs send without being told (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
const usual: StorePorts = { http: 4_318, grpc: 4_317 };

/**
 * The ports at which the store takes OTLP: those of last time while they are free, since others were told of them. At first the usual ones where
 * they are `preferred`, else any.
 */
export async function storePorts(home: Home, preferred: boolean): Promise<StorePorts> {
  const file = join(home.state, "telemetry.json");
  const kept = readJson<Partial<StorePorts>>(file) ?? {};
  const free = async (protocol: keyof StorePorts): Promise<number> => {
    for (const port of [kept[protocol], preferred ? usual[protocol] : undefined]) {
      if (port === undefined) continue;
      const found = await freePort("telemetry", "127.0.0.1", port).catch(() => undefined);
      if (found !== undefined) return found;
    }
    return freePort("telemetry", "127.0.0.1", 0);
  };
  const ports = { http: await free("http"), grpc: await free("grpc") };
  if (ports.http !== kept.http || ports.grpc !== kept.grpc) await writeJson(file, ports);
  return ports;
}
