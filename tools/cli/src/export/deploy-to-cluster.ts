import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { KerfError } from "@kerf/kernel";
import type { DeployOptions } from "../commands/deploy.ts";
import { changesText } from "./changes-text.ts";
import {
  type KubernetesExportOptions,
  kubernetesOptions,
  withKubernetesOptions,
} from "./export-options.ts";
import { runExporter } from "./run-exporter.ts";

/** Brings the app here into a cluster: what it changes is said first, then everything is applied and waited for. */
export async function deployToCluster(
  services: readonly string[],
  { app, context, dryRun, home, json, options: file }: DeployOptions,
): Promise<void> {
  if (services.length > 0) {
    throw new KerfError("usage", {
      message: "A cluster gets the app whole: programs whose builds are the same stay as they are.",
      fix: "Leave the services out. A team deploys its own by its chart: kerf export helm NAME.",
    });
  }
  const exported = exportOptionsIn(file);
  await runExporter(
    {
      kind: "deploy",
      options: kubernetesOptions(exported),
      dryRun: dryRun === true,
      ...(context === undefined ? undefined : { context }),
    },
    {
      ...(app === undefined ? undefined : { app }),
      ...(home === undefined ? undefined : { home }),
      ...(json === undefined ? undefined : { json }),
    },
    ({ changes = [] }) => changesText(changes),
  );
}

/** The options of `kerf export kubernetes` as a file has them: words as on a command line, lines that begin with # left out. */
function exportOptionsIn(file: string | undefined): KubernetesExportOptions {
  const command = withKubernetesOptions(new Command("options")).exitOverride();
  command.configureOutput({ outputError: () => {} });
  const words: string[] = [];
  try {
    const lines = file === undefined ? [] : readFileSync(resolve(file), "utf8").split("\n");
    for (const line of lines) {
      if (!line.trimStart().startsWith("#")) words.push(...line.split(/\s+/).filter(Boolean));
    }
    return command.parse(words, { from: "user" }).opts<KubernetesExportOptions>();
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `The options of the export cannot be used: ${file}`,
      why: (cause as Error).message,
      fix: "Write them as on the command line of kerf export kubernetes, for example: --registry registry.example.com/team",
      cause,
    });
  }
}
