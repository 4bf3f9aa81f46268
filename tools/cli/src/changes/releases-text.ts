import type { ReleaseStatus } from "@kerf/control-api";
import { dateTime } from "../output/duration.ts";
import type { Paint } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { wrapped } from "../output/wrapped.ts";

/** Digits of a digest by which people know a build. */
const shown = 12;
const indent = "    ";

/** Releases for people: a line for each, and below it what is new in it and why it never served. */
export function releasesText(
  releases: readonly ReleaseStatus[],
  paint: Paint,
  columns: number,
): string {
  const titles = ["RELEASE", "", "MADE", "BY", "FOR"].map((title) => ({ title }));
  const rows = releases.map((release) => [
    `${release.unit}@${release.number}`,
    stateOf(release, paint),
    dateTime(Date.parse(release.at)).slice(0, -4),
    release.by,
    oneLine(release.why),
  ]);
  const [head = "", ...lines] = table(titles, rows).split("\n");
  const told = lines.flatMap((line, index) => {
    const release = releases[index] as ReleaseStatus;
    // The newest come first; what never served is nothing to compare with.
    const earlier = releases.slice(index + 1).filter(({ unit }) => unit === release.unit);
    const before = earlier.find(({ failed }) => failed === undefined);
    const brought = news(release, before).flatMap((text) => wrapped(text, columns, indent));
    const failed = failure(release).flatMap((text) => wrapped(text, columns, indent));
    return [line, ...brought.map((text) => paint("faint", text)), ...failed];
  });
  return [head, ...told].join("\n");
}

/** One that failed and was started anew from its own record runs all the same. */
function stateOf({ back, failed, running }: ReleaseStatus, paint: Paint): string {
  if (running) return paint("good", "running");
  if (failed !== undefined) return paint("bad", `failed: ${failed}`);
  return back === true ? paint("name", "before") : "";
}

/** What a release has that the one before it had not: builds, and names of settings. */
function news(
  { builds, set = {}, versions }: ReleaseStatus,
  before: ReleaseStatus | undefined,
): string[] {
  const others = Object.entries(builds)
    .filter(([name, digest]) => before?.builds[name] !== digest)
    .map(([name, digest]) => `${name} ${versions[name] ?? ""} ${digest.slice(0, shown)}`);
  const settings = Object.entries(set).map(([name, names]) => `${name} (${names.join(", ")})`);
  return [
    ...(others.length === 0 ? [] : [others.join(", ")]),
    ...(settings.length === 0 ? [] : [`set: ${settings.join(", ")}`]),
  ];
}

function failure({ failure: why, running }: ReleaseStatus): string[] {
  return why === undefined || running ? [] : [oneLine(why)];
}
