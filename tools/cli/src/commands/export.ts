import { Command } from "commander";
import { examples } from "../examples.ts";
import {
  type ExportOptions,
  exporterOptions,
  type KubernetesExportOptions,
  kubernetesOptions,
  pairs,
  withExportOptions,
  withKubernetesOptions,
} from "../export/export-options.ts";
import {
  type MachineExportOptions,
  machineOptions,
  withMachineOptions,
} from "../export/machine-options.ts";
import type { ExportAnswer } from "../export/run-exporter.ts";

const jsonHelp = "print it as JSON: {text, written, notes}";

/** What was written, or what goes to standard output as it is. */
function written({ text, written: files }: ExportAnswer): string {
  return text?.trimEnd() ?? (files.length === 0 ? "Everything is as it was." : files.join("\n"));
}

/** `kerf export`: the app for others to run. */
export function exportCommand(): Command {
  const command = new Command("export")
    .summary(
      "write the app down for Compose, Kubernetes, Helm or systemd, to run without Kerf's platform",
    )
    .description(
      "Builds what has changed and writes down how all of it runs without Kerf's platform: programs read what they are told from files, find each other by DNS or EndpointSlices, " +
        "and are migrated by runs of their own. The same app gives the same files. Needs no running app. No secret is in them but where it is said.",
    );
  command.addCommand(composeCommand());
  command.addCommand(kubernetesCommand());
  command.addCommand(helmCommand());
  command.addCommand(systemdCommand());
  command.addCommand(secretsCommand());
  return command;
}

function composeCommand(): Command {
  return examples(
    withExportOptions(new Command("compose"))
      .summary("a folder for docker compose up")
      .description(
        "Writes compose.yaml, a boot document for each program, and secrets that are drawn once: keys and passwords that are there already stay.",
      )
      .option("--out <dir>", "folder of the export", "compose")
      .option("--postgres-image <ref>", "image of the servers of databases", "postgres:18.0")
      .option("--port <port>", "port of the first gateway; the others follow", Number, 8080)
      .option("--json", jsonHelp)
      .action(
        async (
          options: ExportOptions & {
            out: string;
            postgresImage: string;
            port: number;
            json?: true;
          },
        ) => {
          const { resolve } = await import("node:path");
          const { runExporter } = await import("../export/run-exporter.ts");
          const { out, port, postgresImage } = options;
          const target = { ...exporterOptions(options), postgresImage, port };
          await runExporter(
            { kind: "compose", options: target, out: resolve(out) },
            options,
            written,
          );
        },
      ),
    [["kerf export compose --registry registry.example.com/team", "then docker compose up there"]],
  );
}

function kubernetesCommand(): Command {
  return examples(
    withKubernetesOptions(new Command("kubernetes"))
      .summary("objects for kubectl apply")
      .description(
        "Prints all objects as YAML, or writes a file for each program. Certificates need cert-manager (without --certificates kerf or --mesh), --gateway the Gateway API, --postgres cloudnative-pg its operator, " +
          "--prometheus KEDA, --external-secrets External Secrets.",
      )
      .option("--out <dir>", "write files into this folder (default: print them)")
      .option("--json", jsonHelp)
      .action(async (options: KubernetesExportOptions & { out?: string; json?: true }) => {
        const { resolve } = await import("node:path");
        const { runExporter } = await import("../export/run-exporter.ts");
        const { out } = options;
        const place = out === undefined ? {} : { out: resolve(out) };
        await runExporter(
          { kind: "kubernetes", options: kubernetesOptions(options), ...place },
          options,
          written,
        );
      }),
    [
      [
        "kerf export kubernetes --registry registry.example.com/team | kubectl apply -f -",
        "all of it",
      ],
      [
        "kerf export kubernetes --certificates kerf --out deploy/",
        "in a cluster without cert-manager",
      ],
      ["kerf export kubernetes --mesh --discovery dns --out deploy/", "inside of a mesh"],
    ],
  );
}

function helmCommand(): Command {
  return examples(
    withKubernetesOptions(new Command("helm"))
      .summary("a chart for each program")
      .description(
        "Writes a chart for each program, with values for image, replicas, resources and environment, so that a team deploys its own; and one, shared, for what they have in common. " +
          "With its own values a chart is what kerf export kubernetes says.",
      )
      .argument("[programs...]", "units, or gateway-NAME (default: all, and what they share)")
      .option("--out <dir>", "folder of the charts", "charts")
      .option("--json", jsonHelp)
      .action(
        async (
          names: string[],
          options: KubernetesExportOptions & { out: string; json?: true },
        ) => {
          const { resolve } = await import("node:path");
          const { runExporter } = await import("../export/run-exporter.ts");
          const out = resolve(options.out);
          await runExporter(
            { kind: "helm", options: kubernetesOptions(options), out, names },
            options,
            written,
          );
        },
      ),
    [["kerf export helm orders", "one program; then helm upgrade --install orders charts/orders"]],
  );
}

function systemdCommand(): Command {
  return examples(
    withMachineOptions(new Command("systemd"))
      .summary("unit files for machines of your own")
      .description(
        "Writes a folder for each program with its unit files and boot documents, ports.json, and secrets that are drawn once: keys, passwords, certificates. " +
          "What kerf deploy --target ssh://… brings to machines. ports.json belongs into the app's repository, secrets/ does not.",
      )
      .option("--json", jsonHelp)
      .action(async (options: MachineExportOptions & { json?: true }) => {
        const { resolve } = await import("node:path");
        const { runExporter } = await import("../export/run-exporter.ts");
        await runExporter(
          { kind: "systemd", options: machineOptions(options), out: resolve(options.out) },
          options,
          written,
        );
      }),
    [
      [
        "kerf export systemd --host one.internal --host two.internal --server main=./admin-url",
        "two machines",
      ],
    ],
  );
}

function secretsCommand(): Command {
  return examples(
    withKubernetesOptions(new Command("secrets"))
      .summary("draw keys and passwords for a cluster, once")
      .description(
        "Prints the Secrets that the objects of kerf export kubernetes need, with keys and passwords drawn now: each time others. Apply them once, and keep them where you keep secrets.",
      )
      .option(
        "--server <name=file>",
        "file with the URL of the administrator of a server of databases; repeat it for more",
        pairs,
        {},
      )
      .option("--json", jsonHelp)
      .action(
        async (
          options: KubernetesExportOptions & { server: Record<string, string>; json?: true },
        ) => {
          const { resolve } = await import("node:path");
          const { runExporter } = await import("../export/run-exporter.ts");
          const servers = Object.fromEntries(
            Object.entries(options.server).map(([name, file]) => [name, resolve(file)]),
          );
          await runExporter(
            { kind: "secrets", options: kubernetesOptions(options), servers },
            options,
            written,
          );
        },
      ),
    [
      [
        "kerf export secrets --server main=./admin-url | kubectl apply -f -",
        "databases on a server by URL",
      ],
    ],
  );
}
