import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TransportSetup, transportConformance } from "@kerf/testing/conformance";
import type { Address } from "../placement.ts";
import { connectFramed } from "./framed/client.ts";
import { listenFramed } from "./framed/server.ts";

const over =
  (address: (directory: string) => Address): TransportSetup =>
  async (inbound, { clock, wheel, log }) => {
    const directory = await mkdtemp(join(tmpdir(), "kerf-"));
    const shared = { clock, wheel, log };
    const server = await listenFramed(address(directory), {
      ...shared,
      dispatcher: inbound,
      instance: "callee-1",
    });
    const transport = connectFramed(server.address, { ...shared, hello: { instance: "caller-1" } });
    return {
      transport,
      drain: () => server.drain(),
      close: async () => {
        transport.close();
        await server.close();
        await rm(directory, { recursive: true, force: true });
      },
    };
  };

for (const checked of [false, true]) {
  const mode = checked ? "checked" : "production";
  transportConformance(`framed over a Unix socket, ${mode}`, {
    checked,
    drains: true,
    setup: over((directory) => `unix:${join(directory, "s")}`),
  });
  transportConformance(`framed over TCP, ${mode}`, {
    checked,
    drains: true,
    setup: over(() => "tcp:127.0.0.1:0"),
  });
}
