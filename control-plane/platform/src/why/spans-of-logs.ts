import type { FoundLog, FoundSpan } from "../telemetry-store/query/answers.ts";

/** OpenTelemetry's number from which a line is a warning, and an error. */
const warning = 13;
/** OpenTelemetry's kinds of a span. */
const served = 2;
const called = 3;

/** A line that says how a request or a call failed. */
interface Line {
  readonly log: FoundLog;
  readonly code: string;
  /** `search.find`. */
  readonly operation: string;
  /** Who served it: a gateway, or a service, which may share its program with others. */
  readonly service: string;
  /** Who had asked; undefined at a gateway, whose clients are not known. */
  readonly caller: string | undefined;
  /** `GET /search`, at a gateway. */
  readonly request: string | undefined;
}

/**
 * Spans of a trace that was not recorded, as they follow from what was logged: of each request and each call that failed, who served it, who had asked,
 * and with what it ended. What went well left no line. Where nobody says that it served a failed call, there is none but the caller's word.
 */
export function spansOfLogs(logs: readonly FoundLog[]): FoundSpan[] {
  const lines = logs.flatMap(lineOf).toSorted((one, other) => one.log.at - other.log.at);
  return lines.flatMap((line, index) => {
    // Who asked says so later: its own answer waits for this one.
    const above = lines.slice(index + 1).find(({ service }) => service === line.caller);
    const own = spanOf(line, above?.log.spanId);
    const isServed = lines.slice(0, index).some(({ caller }) => caller === line.service);
    return line.request === undefined || isServed ? [own] : [own, callOf(line, own)];
  });
}

function lineOf(log: FoundLog): Line[] {
  const { caller, code, method, operation, route } = log.attributes;
  const isTold =
    log.severity >= warning &&
    log.spanId !== undefined &&
    typeof code === "string" &&
    typeof operation === "string";
  if (!isTold) return [];
  const request = typeof method === "string" ? `${method} ${String(route)}` : undefined;
  return [
    {
      log,
      code,
      operation,
      service: request === undefined ? (operation.split(".")[0] ?? "") : log.service,
      caller: typeof caller === "string" ? caller : undefined,
      request,
    },
  ];
}

function spanOf(line: Line, parentId: string | undefined): FoundSpan {
  const { code, log, operation, request, service } = line;
  const { attributes, traceId = "", spanId = "" } = log;
  const took = attributes["duration_ms"];
  const durationMicros = typeof took === "number" ? Math.round(took * 1_000) : 0;
  const message = saidIn(log);
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? undefined : { parentId }),
    service,
    ...(log.unit === undefined ? undefined : { unit: log.unit }),
    ...(log.instance === undefined ? undefined : { instance: log.instance }),
    name: request ?? operation.replace(".", "/"),
    kind: served,
    startedAt: log.at - durationMicros,
    durationMicros,
    failed: true,
    attributes: { "error.type": code, ...(request === undefined ? rpcOf(operation) : undefined) },
    events: [],
    links: [],
    ...(message === undefined ? undefined : { message }),
  };
}

/** The call of which nobody but its caller says anything. */
function callOf({ code, operation }: Line, own: FoundSpan): FoundSpan {
  return {
    ...own,
    parentId: own.spanId,
    // Nobody has recorded it under a number of its own.
    spanId: `${own.spanId}:call`,
    name: operation.replace(".", "/"),
    kind: called,
    attributes: { "error.type": code, ...rpcOf(operation) },
  };
}

function rpcOf(operation: string): Readonly<Record<string, string>> {
  const at = operation.indexOf(".");
  return { "rpc.service": operation.slice(0, at), "rpc.method": operation.slice(at + 1) };
}

/** What was thrown, without its code, which stands beside it, and without its stack. */
function saidIn({ attributes }: FoundLog): string | undefined {
  const { code, error } = attributes;
  if (typeof error !== "string") return undefined;
  const [first = ""] = error.split("\n");
  return first.startsWith(`${String(code)}: `) ? first.slice(String(code).length + 2) : first;
}
