// The program of a gateway, started by the platform with its boot document on descriptor 3.
import { assembleGateway } from "./gateway.ts";
import { startProgram } from "./start-program.ts";

await startProgram("gateway", async (boot, log) => (await assembleGateway(boot, log)).lifecycle);
