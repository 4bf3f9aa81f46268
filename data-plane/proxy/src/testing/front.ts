import type { TestContext } from "node:test";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServedOperation } from "@kerf/call";
import type { GatewaySettings } from "@kerf/service";
import { Logger } from "@kerf/telemetry";
import { assembleGateway } from "../gateway.ts";
import { FrontPlatform } from "./platform.ts";

/** A line of the gateway's log. */
export type Line = Record<string, unknown>;

/** A gateway that listens, with the service `notes` behind it and whatever its settings name. */
export interface TestFront {
  readonly platform: FrontPlatform;
  readonly url: string;
  readonly lines: Line[];
  /** Resolves once a line after the first `from` has such a message. */
  readonly said: (message: RegExp, from: number) => Promise<void>;
  /** Places other settings, and resolves once the gateway goes by them or has refused them. */
  readonly place: (settings: GatewaySettings) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts one; it ends with the test. */
export async function startFront(
  t: TestContext,
  settings: GatewaySettings = {},
  operations: Partial<Record<string, ServedOperation>> = {},
): Promise<TestFront> {
  const platform = await FrontPlatform.start(t);
  await platform.startNotes(operations);
  const place = (placed: GatewaySettings): void =>
    platform.change(({ gateways }) => ({
      gateways: {
        web: {
          expose: gateways["web"]?.expose ?? [],
          uses: [],
          settings: placed as Record<string, unknown>,
        },
      },
    }));
  place(settings);
  const lines: Line[] = [];
  let told = Promise.withResolvers<void>();
  const sink = (line: string): void => {
    lines.push(JSON.parse(line) as Line);
    told.resolve();
    told = Promise.withResolvers();
  };
  const gateway = await assembleGateway(platform.boot(), new Logger({ level: "debug", sink }));
  platform.before(() => gateway.lifecycle.stop());
  await gateway.lifecycle.start();
  return {
    platform,
    lines,
    async said(message, from) {
      while (!lines.slice(from).some((line) => message.test(String(line["message"]))))
        await told.promise;
    },
    url: gateway.url as string,
    async place(next) {
      place(next);
      await platform.acknowledged();
    },
    stop: () => gateway.lifecycle.stop(),
  };
}

/** A program that knows nothing of Kerf, on any free port; it ends with the test. */
export async function startForeign(
  t: TestContext,
  listener: RequestListener,
): Promise<{ url: string; server: Server; close: () => Promise<void> }> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  t.after(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, close };
}
