import { join } from "node:path";
import type { DeployOptions, MayDeployOptions } from "../commands/deploy.ts";
import { type Built, runBuilder } from "../build/run-builder.ts";
import { whatToBuild } from "../build/what-to-build.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { progressView } from "../output/progress-view.ts";
import { makeChange } from "./run-change.ts";

/** Builds what is named and runs it in the place of what runs. */
export function deploy(services: readonly string[], options: DeployOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { built, changed } = await buildChanged(connection, services, options);
    if (changed.length === 0) {
      if (options.json === true) printJson({ deployed: [] });
      else process.stdout.write(`${named(built)} runs as it is built: nothing to deploy\n`);
      return;
    }
    const builds = Object.fromEntries(changed.map(({ digest, service }) => [service, digest]));
    const { canary, expose, force, watch } = options;
    await makeChange(connection, options, (client, asked) =>
      client.deploy({
        ...asked,
        builds,
        ...(expose === undefined ? undefined : { expose }),
        ...(force === true ? { force } : undefined),
        ...(canary === undefined ? undefined : { canary }),
        ...(watch === undefined ? undefined : { watchMs: watch * 1_000 }),
      }),
    );
  });
}

/** Builds what is named, and tells what of it does not run yet. */
export async function buildChanged(
  connection: Connection,
  services: readonly string[],
  options: MayDeployOptions,
): Promise<{ built: readonly Built[]; changed: readonly Built[] }> {
  const { module, names } = whatToBuild(services, options, process.cwd());
  const built = await buildInto(join(connection.home, "builds"), module, names, options);
  const running = await runningBuilds(connection);
  return { built, changed: built.filter(({ digest, service }) => running.get(service) !== digest) };
}

async function buildInto(
  out: string,
  module: string,
  names: readonly string[],
  options: MayDeployOptions,
): Promise<readonly Built[]> {
  const view =
    options.json === true ? undefined : progressView({ json: false, cwd: process.cwd() });
  try {
    const args = ["--module", module, "--out", out, "--", ...names];
    return await runBuilder(args, (event) => view?.event(event));
  } finally {
    view?.close();
  }
}

/** The digests of the builds that run, by service. */
async function runningBuilds({ client }: Connection): Promise<Map<string, string>> {
  const { releases } = await client.releases({});
  const running = releases.filter((release) => release.running);
  return new Map(running.flatMap(({ builds }) => Object.entries(builds)));
}

function named(built: readonly Built[]): string {
  return built.length === 1 ? (built[0]?.service ?? "") : "everything";
}
