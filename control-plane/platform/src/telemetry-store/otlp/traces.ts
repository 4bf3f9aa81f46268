import { readAttribute } from "./attributes.ts";
import type { Attributes, ReceivedEvent, ReceivedSink, ReceivedSpan, Value } from "./received.ts";
import { readRecords } from "./records.ts";
import type { WireReader } from "./wire-reader.ts";

// Numbers of fields: opentelemetry/proto/collector/trace/v1/trace_service.proto and opentelemetry/proto/trace/v1/trace.proto.

const none = Buffer.alloc(0);
const failedCode = 2;

/** Reads an ExportTraceServiceRequest in protobuf. Throws `invalid_input` for what is none. */
export function readTraces(body: Buffer, each: ReceivedSink<ReceivedSpan>): void {
  readRecords(body, (resource, span) => each(resource, readSpan(span)));
}

function readSpan(reader: WireReader): ReceivedSpan {
  let traceId: Buffer = none;
  let spanId: Buffer = none;
  let parentId: Buffer | undefined;
  let name = "";
  let kind = 0;
  let startedAt = 0;
  let endedAt = 0;
  let failed = false;
  let message: string | undefined;
  let attributes: Record<string, Value> | undefined;
  let events: ReceivedEvent[] | undefined;
  let links: { traceId: string; spanId: string }[] | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    switch (field) {
      case 1:
        traceId = reader.bytes();
        break;
      case 2:
        spanId = reader.bytes();
        break;
      case 4:
        parentId = reader.bytes();
        break;
      case 5:
        name = reader.text();
        break;
      case 6:
        kind = reader.varint();
        break;
      case 7:
        startedAt = reader.micros();
        break;
      case 8:
        endedAt = reader.micros();
        break;
      case 9:
        readAttribute(reader.message(), (attributes ??= {}));
        break;
      case 11:
        (events ??= []).push(readEvent(reader.message()));
        break;
      case 13:
        (links ??= []).push(readLink(reader.message()));
        break;
      case 15: {
        const status = reader.message();
        for (let part = status.next(); part !== 0; part = status.next()) {
          if (part === 2) message = status.text();
          else if (part === 3) failed = status.varint() === failedCode;
          else status.skip();
        }
        break;
      }
      default:
        reader.skip();
    }
  }
  if (parentId?.length === 0) parentId = undefined;
  if (message === "") message = undefined;
  return {
    traceId,
    spanId,
    parentId,
    name,
    kind,
    startedAt,
    endedAt,
    failed,
    message,
    attributes,
    events,
    links,
  };
}

function readEvent(reader: WireReader): ReceivedEvent {
  let name = "";
  let at = 0;
  const attributes: Record<string, Value> = {};
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) at = reader.micros();
    else if (field === 2) name = reader.text();
    else if (field === 3) readAttribute(reader.message(), attributes);
    else reader.skip();
  }
  return { name, at, attributes: attributes satisfies Attributes };
}

function readLink(reader: WireReader): { traceId: string; spanId: string } {
  let traceId = "";
  let spanId = "";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) traceId = reader.bytes().toString("hex");
    else if (field === 2) spanId = reader.bytes().toString("hex");
    else reader.skip();
  }
  return { traceId, spanId };
}
