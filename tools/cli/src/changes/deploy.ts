import { join } from "node:path";
import type { ProgressEvent } from "@kerf/control-api";
import type { KerfError } from "@kerf/kernel";
import type { DeployOptions, MayDeployOptions } from "../commands/deploy.ts";
import { labelArguments } from "../build/build-label.ts";
import { type Built, type BuiltApp, runBuilder, takeBuilds } from "../build/run-builder.ts";
import { whatToBuild } from "../build/what-to-build.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { progressView } from "../output/progress-view.ts";
import { makeChange } from "./run-change.ts";

/** Builds what is named and runs it in the place of what runs. */
export function deploy(services: readonly string[], options: DeployOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const { built, changed, manifest } = await buildChanged(connection, services, options);
    const gateways = services.flatMap((name) => (/^gateway:(.+)$/.exec(name) ?? []).slice(1));
    const app = options.all === true || gateways.length > 0 ? manifest : undefined;
    if (changed.length === 0 && app === undefined) return nothing(built, options);
    const builds = Object.fromEntries(changed.map(({ digest, service }) => [service, digest]));
    const { expose, remove } = options;
    await roll(connection, built, options, {
      builds,
      ...(app === undefined ? undefined : { app }),
      ...(options.all === true || gateways.length === 0 ? undefined : { gateways }),
      ...(remove === undefined ? undefined : { remove }),
      ...(expose === undefined ? undefined : { expose }),
    });
  });
}

/** Runs the builds that an image brings in the place of what runs. */
export function deployBuildsOf(
  image: string,
  services: readonly string[],
  options: DeployOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const taken = await withView((onEvent) =>
      takeBuilds(image, services, join(connection.home, "builds"), onEvent),
    );
    const running = await runningBuilds(connection);
    const changed = taken.filter(({ digest, service }) => running.get(service) !== digest);
    if (changed.length === 0) return nothing(taken, options);
    const { expose } = options;
    await roll(connection, taken, options, {
      builds: Object.fromEntries(changed.map(({ digest, service }) => [service, digest])),
      ...(expose === undefined ? undefined : { expose }),
    });
  });
}

/** Asks for the change and shows how far it is. */
async function roll(
  connection: Connection,
  built: readonly Pick<Built, "service">[],
  options: DeployOptions,
  what: Omit<Parameters<Connection["client"]["deploy"]>[0], "change">,
): Promise<void> {
  const { canary, force, watch } = options;
  const making = makeChange(connection, options, (client, asked) =>
    client.deploy({
      ...asked,
      ...what,
      ...(force === true ? { force } : undefined),
      ...(canary === undefined ? undefined : { canary }),
      ...(watch === undefined ? undefined : { watchMs: watch * 1_000 }),
    }),
  );
  await making.catch((thrown: unknown) => {
    const { code } = ((thrown as KerfError).data ?? {}) as { code?: string };
    if (code !== "nothing_to_deploy") throw thrown;
    nothing(built, options);
  });
}

function nothing(built: readonly Pick<Built, "service">[], { json }: DeployOptions): void {
  if (json === true) printJson({ deployed: [] });
  else process.stdout.write(`${named(built)} runs as it is built: nothing to deploy\n`);
}

/** Builds what is named, and tells what of it does not run yet. */
export async function buildChanged(
  connection: Connection,
  services: readonly string[],
  options: MayDeployOptions,
): Promise<{ built: readonly Built[]; changed: readonly Built[]; manifest: BuiltApp["manifest"] }> {
  const { module, names } = whatToBuild(services, options, process.cwd());
  const { builds: built, manifest } = await buildInto(
    join(connection.home, "builds"),
    module,
    names,
    options,
  );
  const running = await runningBuilds(connection);
  const changed = built.filter(({ digest, service }) => running.get(service) !== digest);
  return { built, changed, manifest };
}

function buildInto(
  out: string,
  module: string,
  names: readonly string[],
  options: MayDeployOptions,
): Promise<BuiltApp> {
  const args = ["--module", module, "--out", out, ...labelArguments(options), "--", ...names];
  return withView((onEvent) => runBuilder(args, onEvent));
}

/** Shows how far some work is. */
async function withView<Answer>(
  work: (onEvent: (event: ProgressEvent) => void) => Promise<Answer>,
): Promise<Answer> {
  const view = progressView(process.cwd());
  try {
    return await work((event) => view.event(event));
  } finally {
    view.close();
  }
}

/** The digests of the builds that run, by service. */
async function runningBuilds({ client }: Connection): Promise<Map<string, string>> {
  const { releases } = await client.releases({});
  const running = releases.filter((release) => release.running);
  return new Map(running.flatMap(({ builds }) => Object.entries(builds)));
}

function named(built: readonly Pick<Built, "service">[]): string {
  return built.length === 1 ? (built[0]?.service ?? "") : "everything";
}
