import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { homeToStart } from "../connection/home.ts";
import { findApp } from "../launcher/app-file.ts";
import { runDocumentProgram } from "../launcher/document-program.ts";
import { printJson } from "../output/json.ts";
import { progressView } from "../output/progress-view.ts";

/** How long an export may take in all, milliseconds: a deploy waits for migrations and rollouts. */
const boundMs = 60 * 60_000;

/** What a deploy changes, or would. */
export interface ObjectChange {
  readonly kind: string;
  readonly name: string;
  readonly change: "new" | "changed" | "same" | "gone";
  readonly fields: readonly string[];
}

/** What a deploy did to one program on one machine. */
export interface MachineChange {
  readonly program: string;
  readonly host: string;
  readonly change: "new" | "changed" | "same" | "back" | "gone";
  readonly release: string;
  readonly before?: string;
  /** Bytes. */
  readonly sent: number;
  readonly migrates?: true;
}

/** What the exporter says came of it. */
export interface ExportAnswer {
  readonly text?: string;
  readonly written: readonly string[];
  readonly notes: readonly string[];
  readonly changes?: readonly ObjectChange[];
  readonly machines?: readonly MachineChange[];
}

/** Has the app here exported, and shows how far that is. What it wrote or says goes to standard output, everything else to the other. */
export async function runExporter(
  target: Readonly<Record<string, unknown>>,
  options: { app?: string; home?: string; json?: true },
  shown: (answer: ExportAnswer) => string,
): Promise<void> {
  const cwd = process.cwd();
  const order = {
    module: findApp(options.app, cwd),
    builds: join(homeToStart(options.home, process.env, cwd), "builds"),
    target,
  };
  const view = progressView(cwd);
  try {
    const answer = await runDocumentProgram<ExportAnswer>(
      {
        program: fileURLToPath(import.meta.resolve("@kerf/platform/exports")),
        input: order,
        boundMs,
        what: "exports apps",
      },
      (event) => view.event(event),
    );
    if (options.json === true) return printJson(answer);
    for (const note of answer.notes) view.note(note);
    view.result(shown(answer));
  } finally {
    view.close();
  }
}
