import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../state/json-file.ts";

/** Says in the folder of all bundles which one is to be used. */
export const recordFile = "current.json";

/** Which bundle is to be used, and what it was made from: `current.json`. */
export interface BundleRecord {
  /** Of the file's own shape. */
  readonly version: 1;
  /** Name of its folder: hexadecimal SHA-256 of its files. */
  readonly digest: string;
  /** What it was made from, by absolute path: size and time of change, as {@link stampOf} gives them. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The folder of the bundle that is made from what is installed now; undefined when there is none. */
export function currentBundle(folder: string): string | undefined {
  const record = readJson<BundleRecord>(join(folder, recordFile));
  if (record?.version !== 1) return undefined;
  const bundle = join(folder, record.digest);
  const isSame = Object.entries(record.sources).every(([path, stamp]) => stampOf(path) === stamp);
  return isSame && existsSync(bundle) ? bundle : undefined;
}

/** By which a change of a file is noticed without reading it: a thousand of them take ten milliseconds. */
export function stampOf(path: string): string {
  const info = statSync(path, { throwIfNoEntry: false });
  return info === undefined ? "" : `${info.size} ${info.mtimeMs}`;
}
