import { type Objective, objectiveProblems } from "@kerf/contract";

/** A pair of windows over which a budget must have been spent too fast before somebody is told. */
export interface AlertWindowSettings {
  /** Over which it has to matter, milliseconds. */
  readonly longMs: number;
  /** Over which it has to go on, milliseconds. */
  readonly shortMs: number;
  /** How many times faster than allowed. */
  readonly rate: number;
}

/** What an app promises of its operations, and when somebody is told that it is missed. */
export interface AlertSettings {
  /**
   * By what they are for: `"*"` all operations, `"orders"` those of one service, `"orders.get"` one; `false`: nothing is promised. What the
   * contract says goes before `"*"`, and after the other two. Default: `{ "*": { available: 0.999 } }`.
   */
  readonly objectives?: Readonly<Record<string, Objective | false>>;
  /** Failed calls within the long window below which nobody is told. Default 3. */
  readonly leastFailures?: number;
  /** Where people reach the dashboard, for links: `https://kerf.example.org`. Default: the platform's own address. */
  readonly dashboard?: string;
  /** At most four. Default: 1 h and 5 min at 14.4 times, 6 h and 30 min at 6 times. */
  readonly windows?: readonly AlertWindowSettings[];
}

/** Shortest window, milliseconds: metrics come each 10 s. Longest: three days, as in table 5-8 of the workbook. */
const shortestMs = 10_000;
const longestMs = 3 * 24 * 3_600_000;
/** The longest window over the shortest: as many steps are kept of each operation, times five. */
const mostRatio = 300;
const names = ["objectives", "leastFailures", "dashboard", "windows"];

/** Everything that is wrong with an app's alerts, given its operations by service: one line each. */
export function alertProblems(
  given: unknown,
  operations: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): string[] {
  if (!isRecord(given)) return [`alerts must be { ${names.join(", ")} }`];
  const { dashboard, leastFailures, objectives, windows, ...others } = given;
  const problems = Object.keys(others).map(
    (name) => `alerts.${name} is no field; there are ${names.join(", ")}`,
  );
  if (objectives !== undefined && !isRecord(objectives))
    problems.push('alerts.objectives must be { "orders.get": { available, within } }');
  else
    for (const [target, objective] of Object.entries(objectives ?? {})) {
      const where = `alerts.objectives.${target}`;
      problems.push(...targetProblems(where, target, operations));
      problems.push(...objectiveProblems(where, objective));
    }
  if (leastFailures !== undefined && !isWhole(leastFailures, 1, 1_000_000))
    problems.push("alerts.leastFailures must be a whole number from 1 to 1000000");
  if (dashboard !== undefined && !isAddress(dashboard))
    problems.push(
      `alerts.dashboard: ${JSON.stringify(dashboard)} is no http:// or https:// address without user, password and query`,
    );
  return windows === undefined ? problems : [...problems, ...windowProblems(windows)];
}

function targetProblems(
  where: string,
  target: string,
  operations: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): string[] {
  if (target === "*") return [];
  const [service = "", operation, ...more] = target.split(".");
  const known = operations.get(service);
  if (known === undefined) return [`${where}: there is no service ${service}`];
  const isThere = operation === undefined || Object.hasOwn(known, operation);
  return isThere && more.length === 0 ? [] : [`${where}: ${service} has no such operation`];
}

function windowProblems(given: unknown): string[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > 4)
    return ["alerts.windows must be one to four of { longMs, shortMs, rate }"];
  const problems = given.flatMap((each: Partial<AlertWindowSettings>, at) => {
    const { longMs, rate, shortMs } = each ?? {};
    const isRight =
      isWhole(longMs, shortestMs, longestMs) &&
      isWhole(shortMs, shortestMs, longMs ?? 0) &&
      typeof rate === "number" &&
      rate >= 1 &&
      rate <= 100_000;
    return isRight
      ? []
      : [
          `alerts.windows[${at}] must be { longMs, shortMs, rate } with ${shortestMs} <= shortMs <= longMs <= ${longestMs} and rate from 1`,
        ];
  });
  if (problems.length > 0) return problems;
  const windows = given as AlertWindowSettings[];
  const longest = Math.max(...windows.map(({ longMs }) => longMs));
  const shortest = Math.min(...windows.map(({ shortMs }) => shortMs));
  return longest / shortest <= mostRatio
    ? []
    : [`alerts.windows: the longest is more than ${mostRatio} times the shortest`];
}

function isAddress(value: unknown): boolean {
  const url = typeof value === "string" ? URL.parse(value) : null;
  return (
    url !== null &&
    ["http:", "https:"].includes(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ""
  );
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
