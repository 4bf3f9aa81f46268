import { readFileSync, statSync } from "node:fs";
import { readMigrations } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { ManifestService } from "@kerf/service";
import {
  type BuildDescriptor,
  buildFiles,
  buildFormat,
  type BuiltService,
  digestOf,
} from "@kerf/service/builds";
import { bundle } from "./bundle.ts";
import { version } from "../version.ts";
import { addContent, type Content, filesOf } from "./content.ts";
import { folderFiles } from "./folder-files.ts";
import { builtProgram } from "./program-files.ts";
import { SourceNames } from "./source-names.ts";
import { copyPackages, unbundledOf } from "./unbundled-packages.ts";

/** A build before it is kept. */
export interface MadeBuild {
  readonly descriptor: BuildDescriptor;
  readonly content: Content;
  /** What its author should know. */
  readonly notes: readonly string[];
}

/**
 * Makes the build of a described service in memory. `said`: where it comes from, and what sets it apart from another one of the same code. `roots`: what each of
 * the app's root modules is, by absolute path. Throws `start_failed`, `invalid_configuration` or `migration_failed`.
 */
export async function buildService(
  service: ManifestService,
  kind: BuildDescriptor["kind"],
  { label, source }: Pick<BuildDescriptor, "label" | "source">,
  roots: ReadonlyMap<string, string>,
): Promise<MadeBuild> {
  const {
    module: file,
    files: _,
    database,
    program,
    against,
    sagaVersions = [],
    ...rest
  } = service;
  if (file === undefined || against === undefined) throw notDescribed(service.name);
  const content: Content = new Map();
  const names = new SourceNames(file);
  const unbundled = unbundledOf(names.root);
  // These have places of their own, whatever module names them too.
  const placed = [database?.migrations, program?.cwd].filter((path) => path !== undefined);
  const bundled = await bundle(file, names, { unbundled, placed });
  for (const [name, text] of bundled.files) content.set(name, { bytes: Buffer.from(text) });

  const migrations = database === undefined ? [] : await readMigrations(database.migrations);
  for (const { name, sql } of migrations)
    content.set(`${buildFiles.migrations}/${name}`, { bytes: Buffer.from(sql) });
  const built = program && builtProgram(service.name, program);
  if (built !== undefined) addContent(content, built.content);
  for (const [name, path] of bundled.assets)
    addContent(content, assetFiles(service.name, name, path));
  const packages = copyPackages(unbundled.map((name) => ({ name, from: names.root })));
  addContent(content, packages.content);

  const described: BuiltService = {
    ...rest,
    ...(database === undefined
      ? undefined
      : { database: { server: database.server, connections: database.connections } }),
    ...(built === undefined ? undefined : { program: built.program }),
  };
  const descriptor: Omit<BuildDescriptor, "digest"> = {
    format: buildFormat,
    kerf: version,
    kind,
    service: described,
    against,
    sagas: sagaVersions,
    migrations: migrations.map(({ name, sha256 }) => ({ name, sha256 })),
    packages: packages.packages,
    ...(packages.platform === undefined ? undefined : { platform: packages.platform }),
    ...(label === undefined ? undefined : { label }),
    files: filesOf(content),
    ...(source === undefined ? undefined : { source }),
  };
  return {
    descriptor: { ...descriptor, digest: digestOf(descriptor) },
    content,
    notes: [...foreign(file, bundled.modules, roots), ...bundled.notes],
  };
}

function assetFiles(service: string, name: string, path: string): Content {
  const into = `${buildFiles.assets}/${name}`;
  if (statSync(path).isDirectory())
    return folderFiles(path, into, { what: `What ${service} reads` });
  return new Map([[into, { bytes: readFileSync(path) }]]);
}

/** What a build has in it that is built by itself: it runs, but is no longer alone in what it does. */
function foreign(
  own: string,
  modules: readonly string[],
  roots: ReadonlyMap<string, string>,
): string[] {
  return modules
    .filter((module) => module !== own && roots.has(module))
    .map(
      (module) =>
        `its code imports that of ${roots.get(module)}, which is in this build now and does not change with a deploy of it; import its contract and call it`,
    );
}

function notDescribed(service: string): KerfError {
  return new KerfError("start_failed", {
    message: `It is not known which module ${service} is.`,
    why: "Its import() in app({ services }) names none of the app's own files.",
    fix: 'Write it as () => import("./service.ts"), with a file of the project.',
  });
}
