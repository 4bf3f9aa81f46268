import { KerfError } from "@kerf/kernel";
import type { DeployOptions } from "../commands/deploy.ts";
import { changesText } from "./changes-text.ts";
import {
  type KubernetesExportOptions,
  kubernetesOptions,
  withKubernetesOptions,
} from "./export-options.ts";
import { optionsInFile } from "./options-file.ts";
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
  const exported = optionsInFile<KubernetesExportOptions>(file, withKubernetesOptions, {
    command: "kerf export kubernetes",
    example: "--registry registry.example.com/team",
  });
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
