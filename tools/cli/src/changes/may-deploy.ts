import type { GateVerdict } from "@kerf/control-api";
import type { MayDeployOptions, ReleasesOptions } from "../commands/deploy.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { buildChanged } from "./deploy.ts";

/** Says whether what is built here goes together with what runs. */
export function mayDeploy(services: readonly string[], options: MayDeployOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { changed } = await buildChanged(connection, services, options);
    const builds = changed.map(({ digest, service }) => `${service}=${digest}`).join(",");
    const verdict: GateVerdict =
      changed.length === 0
        ? { verdict: "go", findings: [] }
        : await connection.client.mayDeploy({ builds });
    show(verdict, options.json === true);
  });
}

/** Says whether an earlier release goes together with what runs. */
export function mayRollBack(
  unit: string,
  release: number | undefined,
  options: ReleasesOptions,
): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const asked = { unit, ...(release === undefined ? undefined : { release }) };
    show(await client.mayRollBack(asked), options.json === true);
  });
}

function show({ findings, verdict }: GateVerdict, json: boolean): void {
  if (verdict === "no-go") process.exitCode = 1;
  if (json) return printJson({ verdict, findings });
  const lines = findings.map(({ message }) => `  ${printable(message)}`);
  process.stdout.write(`${[verdict, ...lines].join("\n")}\n`);
}
