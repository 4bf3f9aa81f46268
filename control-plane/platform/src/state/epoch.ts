import { readJson, writeJson } from "./json-file.ts";

/**
 * The epoch of this platform process: one more than the last one used here, on disk before it is used, so that what it
 * publishes is newer than everything that any platform published before.
 */
export async function nextEpoch(file: string): Promise<number> {
  const last = readJson<{ epoch: number }>(file)?.epoch;
  const epoch = (Number.isSafeInteger(last) ? (last as number) : 0) + 1;
  await writeJson(file, { epoch });
  return epoch;
}
