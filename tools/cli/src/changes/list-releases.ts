import type { ReleasesOptions } from "../commands/deploy.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { releasesText } from "./releases-text.ts";

/** Columns where nobody says how many there are, as in a pipe. */
const pipeColumns = 120;

/** Shows the releases of one unit or of all. */
export function listReleases(unit: string | undefined, options: ReleasesOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { releases } = await client.releases(unit === undefined ? {} : { unit });
    if (options.json === true) return printJson(releases);
    const text =
      releases.length === 0
        ? "There are no releases: this platform runs the app from its source."
        : releasesText(releases, paintFor(process.stdout), process.stdout.columns || pipeColumns);
    process.stdout.write(`${text}\n`);
  });
}
