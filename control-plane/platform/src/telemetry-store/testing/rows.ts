// Boundary: stores and rows for the tests of this folder.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import type {
  Attributes,
  ReceivedLog,
  ReceivedPoint,
  ReceivedResource,
  ReceivedSpan,
} from "../otlp/received.ts";
import type { Retention } from "../segments/segments.ts";
import { type Received, TelemetryStore } from "../store.ts";

/** A service in a program. */
export const resourceOf = (service: string, more: Attributes = {}) => ({
  attributes: { "service.name": service, "kerf.unit": "main", ...more },
});

/** A store in a directory of its own, for one test. */
export function setUp(t: TestContext, retention?: Retention) {
  const directory = mkdtempSync(join(tmpdir(), "kerf-telemetry-"));
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = new Logger({ level: "warn", sink: (line) => void lines.push(line) });
  let store = new TelemetryStore(directory, { clock, log, retention });
  t.after(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  const again = (): TelemetryStore => {
    store.close();
    return (store = new TelemetryStore(directory, { clock, log, retention }));
  };
  return { directory, clock, lines, store, again };
}

let ids = 0;
/** A span of a trace of its own, unless said otherwise. */
export function span(
  fields: Partial<ReceivedSpan> & { service?: string; more?: Attributes } = {},
): { readonly resource: ReceivedResource; readonly span: ReceivedSpan } {
  const { service = "orders", more, ...rest } = fields;
  const number = Buffer.alloc(8);
  number.writeUInt32BE(++ids, 4);
  return {
    resource: resourceOf(service, more),
    span: {
      traceId: Buffer.concat([number, number]),
      spanId: number,
      parentId: undefined,
      name: "orders/place",
      kind: 2,
      startedAt: 1_000_000,
      endedAt: 1_250_000,
      failed: false,
      message: undefined,
      attributes: undefined,
      events: undefined,
      links: undefined,
      ...rest,
    },
  };
}

/** A line of a log. */
export function line(fields: Partial<ReceivedLog> = {}): Received {
  return {
    resource: resourceOf("orders"),
    log: {
      at: 1_000_000,
      severity: 9,
      body: "order placed",
      attributes: undefined,
      traceId: undefined,
      spanId: undefined,
      ...fields,
    },
  };
}

/** A point of a counter, unless said otherwise. */
export function point(
  fields: Partial<ReceivedPoint> & { service?: string; more?: Attributes } = {},
): Received {
  const { service = "orders", more, ...rest } = fields;
  return {
    resource: resourceOf(service, more),
    point: {
      name: "requests",
      unit: "1",
      kind: "counter",
      cumulative: false,
      attributes: undefined,
      startedAt: 0,
      at: 1_000_000,
      value: 1,
      count: undefined,
      buckets: undefined,
      exemplars: undefined,
      ...rest,
    },
  };
}
