import type { ReleasesOptions } from "../commands/deploy.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { table } from "../output/table.ts";

/** Digits of a digest by which people know a build. */
const shown = 12;

/** Shows the releases of one unit or of all. */
export function listReleases(unit: string | undefined, options: ReleasesOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { releases } = await client.releases(unit === undefined ? {} : { unit });
    if (options.json === true) return printJson(releases);
    const rows = releases.map(
      ({ at, builds, by, failed, failure, number, running, set, unit: of, versions, why }) => [
        `${of}@${number}`,
        stateOf(running, failed),
        Object.entries(builds)
          .map(([name, digest]) => `${name} ${versions[name] ?? ""} ${digest.slice(0, shown)}`)
          .join(", "),
        Object.entries(set ?? {})
          .map(([name, names]) => `${name}: ${names.join(", ")}`)
          .join("; "),
        at.slice(0, 19),
        by,
        failure === undefined || running ? why : `${why}; ${failure}`,
      ],
    );
    const titles = ["RELEASE", "", "BUILDS", "SET", "MADE", "BY", "FOR"];
    const text =
      rows.length === 0
        ? "There are no releases: this platform runs the app from its source."
        : table(
            titles.map((title) => ({ title })),
            rows,
          );
    process.stdout.write(`${text}\n`);
  });
}

/** One that failed and was started anew from its own record runs all the same. */
function stateOf(running: boolean, failed: string | undefined): string {
  if (running) return "running";
  return failed === undefined ? "" : `failed: ${failed}`;
}
