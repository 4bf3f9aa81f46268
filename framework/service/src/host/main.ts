// The host program of a unit, started by the platform with its boot document on descriptor 3: it loads the unit's services, and
// only them, and serves them until it is told to stop, or until whoever started everything is gone. Stdout and stderr are its
// log file. It ends with one of `exitCodes`. Arguments: the instance's id, for whoever lists processes; the app module and the
// services (`NAME`, or `NAME=DIRECTORY` of one that has a build), to load them while the boot document is still being made.
import { runHost } from "./run-host.ts";

await runHost();
