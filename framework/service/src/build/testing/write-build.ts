import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Contract, describeContract } from "@kerf/contract";
import { type BuildDescriptor, buildFiles, buildFormat } from "../descriptor.ts";
import { digestOf, sha256 } from "../digest.ts";

/** Writes a build by hand into a folder below `store`: of a contract, with these files. Returns where it lies. */
export function writeBuild(
  store: string,
  contract: Contract<any, any, any>,
  files: Readonly<Record<string, string>>,
  fields: Partial<BuildDescriptor> = {},
): string {
  const content = {
    format: buildFormat,
    kerf: "0.1.0",
    kind: "service",
    service: {
      name: contract.name,
      owner: "test",
      contract: describeContract(contract),
      uses: [],
      follows: [],
      issuer: false,
      sagas: [],
      schedules: [],
      reconciliations: [],
      workers: [],
    },
    against: { calls: [], events: [] },
    sagas: [],
    migrations: [],
    packages: [],
    files: Object.fromEntries(
      Object.entries(files).map(([path, text]) => [
        path,
        { sha256: sha256(text), bytes: Buffer.byteLength(text) },
      ]),
    ),
    ...fields,
  } satisfies Omit<BuildDescriptor, "digest">;
  const digest = digestOf(content);
  const directory = join(store, digest);
  const all = { ...files, [buildFiles.descriptor]: JSON.stringify({ ...content, digest }) };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text, { mode: 0o644 });
  }
  return directory;
}
