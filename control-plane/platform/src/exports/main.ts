// The program that writes an app down for others to run: `node @kerf/platform/exports`. Its order is one JSON document (ExportOrder) on standard input. Progress events
// go to descriptor 3, one a line, when somebody reads there. Stdout carries one JSON document: an ExportAnswer with exit code 0, or `{"error": ErrorShape}` with
// exit code 1. Needs no running platform; none of the author's code runs in here.
import { text } from "node:stream/consumers";
import { systemClock, toKerfError } from "@kerf/kernel";
import { EventLog } from "../progress/event-log.ts";
import { progressPipe } from "../progress/progress-pipe.ts";
import type { ExportOrder } from "./export-order.ts";
import { runExport } from "./run-export.ts";

const events = new EventLog(systemClock);
const launcher = progressPipe();
events.subscribe((event) => launcher.write(event));

try {
  const order = JSON.parse(await text(process.stdin)) as ExportOrder;
  await end(0, await runExport(order, { clock: systemClock, events }));
} catch (thrown) {
  await end(1, { error: toKerfError(thrown).toShape() });
}

async function end(code: number, document: unknown): Promise<void> {
  await launcher.flush();
  process.stdout.write(`${JSON.stringify(document)}\n`, () => process.exit(code));
}
