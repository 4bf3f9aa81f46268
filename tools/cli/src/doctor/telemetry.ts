import { existsSync } from "node:fs";
import { readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Check } from "./check.ts";

/** What the store keeps at most where an app says nothing else, bytes. */
const keptBytes = 1_073_741_824;

/** Traces and logs have room beside everything else. */
export const telemetry: Check = {
  id: "telemetry",
  title: "Room for telemetry",
  run: async ({ home }) => {
    const kept = await sizeOf(join(home, "state", "telemetry"));
    const { bavail, bsize } = await statfs(nearest(home));
    const free = bavail * bsize;
    const detail = `${megabytes(kept)} kept, ${megabytes(free)} free`;
    if (free + kept > 2 * keptBytes) return { state: "ok", detail };
    return {
      state: "warning",
      detail,
      fix: "It may grow to 1 GiB: free some, or set less with telemetry: { retention: { bytes } } in the app.",
    };
  },
};

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The folder itself, or the first above it that there is. */
function nearest(directory: string): string {
  return existsSync(directory) || dirname(directory) === directory
    ? directory
    : nearest(dirname(directory));
}

function megabytes(bytes: number): string {
  return bytes >= 10_000_000_000
    ? `${Math.round(bytes / 1_000_000_000)} GB`
    : `${Math.round(bytes / 1_000_000)} MB`;
}
