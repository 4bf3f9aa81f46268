import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callPathConformance, type Probe, transportConformance } from "@kerf/testing/conformance";
import { StaticDiscovery } from "../discovery/static.ts";
import type { Address } from "../placement.ts";
import type { Transport } from "../transport.ts";
import { connectFramed } from "./framed/client.ts";
import { listenFramed } from "./framed/server.ts";

const kinds: Record<string, (directory: string) => Address> = {
  "a Unix socket": (directory) => `unix:${join(directory, "s")}`,
  TCP: () => "tcp:127.0.0.1:0",
};

async function listen({ inbound, clock, wheel, log }: Probe, kind: (directory: string) => Address) {
  const directory = await mkdtemp(join(tmpdir(), "kerf-"));
  const shared = { clock, wheel, log };
  const server = await listenFramed(kind(directory), {
    ...shared,
    dispatcher: inbound,
    instance: "callee-1",
  });
  const connect = (address: Address): Transport =>
    connectFramed(address, { ...shared, hello: { instance: "caller-1" } });
  const close = async (): Promise<void> => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { server, connect, close };
}

for (const [over, kind] of Object.entries(kinds)) {
  for (const checked of [false, true]) {
    const name = `framed over ${over}, ${checked ? "checked" : "production"}`;
    transportConformance(name, {
      checked,
      drains: true,
      setup: async (_inbound, probe) => {
        const { server, connect, close } = await listen(probe, kind);
        const transport = connect(server.address);
        return {
          transport,
          drain: () => server.drain(),
          close: async () => {
            transport.close();
            await close();
          },
        };
      },
    });
    callPathConformance(name, {
      checked,
      reach: async (probe) => {
        const { server, connect, close } = await listen(probe, kind);
        const discovery = new StaticDiscovery({ probe: [server.address] });
        return { reach: { discovery, connect }, close };
      },
    });
  }
}
