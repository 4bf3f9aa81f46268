import { readFile } from "node:fs/promises";
import type { Boot } from "@kerf/call";
import { assembleGateway } from "@kerf/proxy";
import { parts } from "../harness/kerf-parts.ts";
import { announce } from "../wire/load.ts";

// A copy of a gateway as the platform starts it, from its last good snapshot: the platform is away. The second one is given the port of the first.
const [file = "", copy = "1", port = "0"] = process.argv.slice(2);
const boot = JSON.parse(await readFile(file, "utf8")) as Boot;
const gateway = await assembleGateway(
  {
    ...boot,
    instance: `${boot.instance}-${copy}`,
    snapshotFile: `${boot.snapshotFile}.${copy}`,
    http: { host: "127.0.0.1", port: Number(port) },
  },
  parts.log,
);
await gateway.lifecycle.start();
announce(gateway.url as string);
