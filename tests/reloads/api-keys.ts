import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiKey, formatApiKeys } from "@kerf/control-api/api-keys";

/** Two files of API keys, for configurations in turn: one key stands in both, each file has one more of its own. */
export interface KeyFiles {
  readonly files: readonly [string, string];
  /** Holds whichever file is gone by. */
  readonly always: string;
  /** Holds by the first file, or by the second one. */
  readonly inTurn: readonly [string, string];
}

/** Writes them into `folder`. */
export function writeKeyFiles(folder: string): KeyFiles {
  const [always, first, second] = [newKey(), newKey(), newKey()];
  const write = (name: string, entries: readonly ApiKey[]): string => {
    const file = join(folder, name);
    writeFileSync(file, formatApiKeys(entries), { mode: 0o600 });
    return file;
  };
  return {
    files: [
      write("keys-1.json", [always.entry, first.entry]),
      write("keys-2.json", [always.entry, second.entry]),
    ],
    always: always.key,
    inTurn: [first.key, second.key],
  };
}

function newKey(): { key: string; entry: ApiKey } {
  const id = randomBytes(6).toString("hex");
  const key = `kerf_${id}_${randomBytes(32).toString("base64url")}`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  const created = "2026-01-01T00:00:00.000Z";
  return { key, entry: { id, sha256, subject: "partner", claims: {}, created } };
}
