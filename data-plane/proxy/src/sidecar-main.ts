// The program of a sidecar: the host of one service whose implementation is a program in any language, which it starts, watches,
// and speaks plain HTTP with. Everything else is as in the host of any unit, arguments and exit codes included.
import { runHost } from "@kerf/service/companion";
import { sidecar } from "./sidecar/sidecar.ts";

await runHost(sidecar);
