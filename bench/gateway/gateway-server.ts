import { readFile } from "node:fs/promises";
import type { Boot } from "@kerf/call";
import { assembleGateway } from "@kerf/proxy";
import { parts } from "../harness/kerf-parts.ts";
import { announce } from "../wire/load.ts";

// A gateway as the platform starts it, from its last good snapshot: the platform is away.
const [file = ""] = process.argv.slice(2);
const boot = JSON.parse(await readFile(file, "utf8")) as Boot;
const gateway = await assembleGateway(boot, parts.log);
await gateway.lifecycle.start();
announce(gateway.url as string);
