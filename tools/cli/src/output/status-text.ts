import type { ErrorShape } from "@kerf/kernel";
import type { Status } from "@kerf/control-api";
import { ago, duration } from "./duration.ts";
import { failureText, logTail } from "./failure.ts";
import { limitsText } from "./limits-text.ts";
import { loadTable } from "./load-table.ts";
import type { Paint } from "./paint.ts";
import { picture, stateText } from "./picture.ts";
import { oneLine } from "./printable.ts";
import { rolloutSteps } from "./rollout-steps.ts";
import { table } from "./table.ts";
import { padTo } from "./width.ts";

/** How many of the last lines of a log are shown with a problem. */
const logLines = 6;
/** How long the end of a copy is told whose place is filled again, milliseconds. */
const shownEndsMs = 3_600_000;

/** The state of everything for people: the picture, every process with its age, and what is wrong. */
export function statusText(status: Status, paint: Paint, columns: number): string {
  const processes = [
    ...status.units.flatMap((unit) => unit.instances),
    ...status.gateways,
    ...status.databases
      .filter(({ embedded }) => embedded)
      .map((server) => ({ ...server, id: `postgres:${server.server}` })),
    ...besides(status),
  ];
  const rows = processes.map((process) => [
    process.id,
    stateText(process.state, paint),
    process.pid === 0 ? "" : String(process.pid),
    ago(process.since),
    String(process.restarts),
    "address" in process ? paint("faint", process.address) : "",
  ]);
  const titles = [
    { title: "process" },
    { title: "state" },
    { title: "pid", align: "right" },
    { title: "for", align: "right" },
    { title: "restarts", align: "right" },
    { title: "address" },
  ] as const;
  const load = loadTable(processes, paint);
  return [
    "",
    picture(status, paint),
    ...changeLines(status, paint),
    "",
    indented(table(columns >= 100 ? titles : titles.slice(0, -1), rows)),
    ...(load === undefined ? [] : ["", indented(load)]),
    ...limitLines(status),
    ...endLines(processes, paint),
    ...scalingLines(status, paint),
    ...problems(status).map(
      ([source, error]) => `\n${indented(problemText(source, error, paint))}`,
    ),
    "",
  ].join("\n");
}

/** The change that is under way, as a line of the picture's foot. */
function changeLines({ change }: Status, paint: Paint): string[] {
  if (change === undefined) return [];
  const { at, by, detail, kind, since, step, title } = change;
  const doing = step === undefined ? [] : [rolloutSteps[step].started, detail];
  const told = doing.filter((part) => part !== undefined).join(", ");
  const long = since === undefined ? "" : ` (${ago(since)})`;
  return [
    `  ${paint("faint", padTo("change", 11))} ${paint("strong", `${kind} ${title}`)}, by ${by}, ${ago(at)} ago`,
    ...(told === "" ? [] : [`  ${" ".repeat(11)} ${told}${long}`]),
  ];
}

/** How copies ended whose place is filled again: why there is a new one. */
function endLines(
  processes: readonly Pick<Status["gateways"][number], "id" | "state" | "lastEnd">[],
  paint: Paint,
): string[] {
  return processes.flatMap(({ id, lastEnd, state }) => {
    if (lastEnd === undefined || state !== "ready") return [];
    const passed = Date.now() - Date.parse(lastEnd.at);
    if (passed > shownEndsMs) return [];
    const { message, why } = lastEnd.error;
    const because = why === undefined ? [] : [`      ${paint("faint", "why")}  ${oneLine(why)}`];
    const what = `before ${id}, ${duration(passed)} ago: ${oneLine(message)}`;
    return ["", `  ${paint("warn", "!")} ${what}`, ...because];
  });
}

/** What copies may use, where the app sets limits. */
function limitLines({ units }: Status): string[] {
  const rows = units.flatMap(({ limits, name }) =>
    limits === undefined ? [] : [[name, limitsText(limits)]],
  );
  return rows.length === 0
    ? []
    : ["", indented(table([{ title: "limits" }, { title: "of each copy" }], rows))];
}

/** Of units and gateways that are scaled by their load: how many copies there are to be, and why as many. */
function scalingLines({ gateways, units }: Status, paint: Paint): string[] {
  const doors = new Map(
    gateways.map(({ name, scaling }) => [name, { name: `gateway:${name}`, scaling }]),
  );
  const rows = [...units, ...doors.values()].flatMap(({ name, scaling }) => {
    if (scaling === undefined) return [];
    const { asleep, copies, max, min, why } = scaling;
    const now = asleep && copies === 0 ? "asleep" : String(copies);
    return [[name, now, `${min}..${max}`, paint("faint", why)]];
  });
  if (rows.length === 0) return [];
  const titles = [
    { title: "by load" },
    { title: "copies", align: "right" },
    { title: "within" },
    { title: "why" },
  ] as const;
  return ["", indented(table(titles, rows))];
}

function problems(status: Status): (readonly [string, ErrorShape])[] {
  const processes = [
    ...status.units.flatMap(({ instances }) => instances),
    ...status.gateways,
    ...status.databases.map((server) => ({ ...server, id: `postgres:${server.server}` })),
    ...besides(status),
  ];
  return [
    ...status.services.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [[name, problem as ErrorShape] as const],
    ),
    ...(status.domains ?? []).flatMap(({ domain, problem }) =>
      problem === undefined ? [] : [[domain, problem as ErrorShape] as const],
    ),
    ...processes
      .filter(({ state, lastError }) => state !== "ready" && lastError !== undefined)
      .map(({ id, lastError }) => [id, lastError as ErrorShape] as const),
  ];
}

/** The telemetry store, the broker and Redis, where there are any. */
function besides({ broker, redis, telemetry }: Status) {
  return [
    ...(telemetry === undefined
      ? []
      : [{ ...telemetry, id: "telemetry", address: telemetry.endpoint }]),
    ...(broker === undefined ? [] : [{ ...broker, id: "broker", address: broker.url }]),
    ...(redis === undefined ? [] : [{ ...redis, id: "redis", address: redis.url }]),
  ];
}

function problemText(source: string, error: ErrorShape, paint: Paint): string {
  const log = (error.data as { log?: unknown } | undefined)?.log;
  return [
    failureText(error, paint, source),
    ...(Array.isArray(log) ? logTail(log, logLines, paint) : []),
  ].join("\n");
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
