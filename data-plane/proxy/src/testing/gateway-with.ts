import type { TestContext } from "node:test";
import type { ServedOperation } from "@kerf/call";
import type { GatewaySettings } from "@kerf/service";
import { silentLogger } from "@kerf/telemetry";
import { assembleGateway } from "../gateway.ts";
import { FrontPlatform } from "./platform.ts";

/** A gateway with these settings that listens, in front of the service `notes`. */
export async function gatewayWith(
  t: TestContext,
  settings: GatewaySettings,
  operations: Partial<Record<string, ServedOperation>> = {},
): Promise<{
  platform: FrontPlatform;
  url: string;
  set: (next: GatewaySettings) => Promise<void>;
}> {
  const platform = await FrontPlatform.start(t);
  const place = (next: GatewaySettings): void =>
    platform.change(({ gateways }) => ({
      gateways: {
        web: { expose: gateways["web"]?.expose ?? [], uses: [], settings: { ...next } },
      },
    }));
  place(settings);
  await platform.startNotes(operations);
  const gateway = await assembleGateway(platform.boot(), silentLogger);
  platform.before(() => gateway.lifecycle.stop());
  await gateway.lifecycle.start();
  return {
    platform,
    url: gateway.url as string,
    async set(next) {
      place(next);
      await platform.acknowledged();
    },
  };
}
