import type { TestContext } from "node:test";
import { type Clock, systemClock } from "@kerf/kernel";
import type { GatewaySettings } from "@kerf/service";
import { Logger } from "@kerf/telemetry";
import { assembleGateway } from "../gateway.ts";
import { FrontPlatform } from "./platform.ts";

/** A gateway with settings that listens, before the service `notes`. */
export interface SetUpGateway {
  readonly platform: FrontPlatform;
  readonly url: string;
  /** Its log. */
  readonly lines: Record<string, unknown>[];
}

/** Starts a gateway with settings; it ends with the test. Files that they name are written into `platform.directory` first, by `prepare`. */
export async function startGatewayWith(
  t: TestContext,
  settings: (platform: FrontPlatform) => GatewaySettings,
  clock: Clock = systemClock,
): Promise<SetUpGateway> {
  const platform = await FrontPlatform.start(t);
  await platform.startNotes();
  const chosen = settings(platform) as Readonly<Record<string, unknown>>;
  platform.change(({ gateways }) => ({
    gateways: {
      web: { ...(gateways["web"] as NonNullable<(typeof gateways)[string]>), settings: chosen },
    },
  }));
  const lines: Record<string, unknown>[] = [];
  const sink = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const gateway = await assembleGateway(
    platform.boot(),
    new Logger({ level: "debug", sink }),
    clock,
  );
  platform.before(() => gateway.lifecycle.stop());
  await gateway.lifecycle.start();
  return { platform, url: gateway.url as string, lines };
}
