import { join } from "node:path";
import type { ManifestService } from "../manifest.ts";
import { buildFiles } from "./descriptor.ts";
import type { Build } from "./open-build.ts";

/** The service of a build as a manifest has it; its files are those of the build. */
export function manifestOfBuild({ directory, descriptor }: Build): ManifestService {
  const { service, sagas, against } = descriptor;
  const { database, program, ...rest } = service;
  const module = join(directory, buildFiles.module);
  return {
    ...rest,
    ...(database === undefined
      ? undefined
      : { database: { ...database, migrations: join(directory, buildFiles.migrations) } }),
    ...(program === undefined
      ? undefined
      : { program: { ...program, cwd: join(directory, buildFiles.program) } }),
    sagaVersions: sagas,
    against,
    module,
    files: [module],
  };
}
