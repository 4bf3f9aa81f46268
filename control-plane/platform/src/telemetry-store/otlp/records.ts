import { readAttributes } from "./attributes.ts";
import type { ReceivedResource } from "./received.ts";
import { WireReader } from "./wire-reader.ts";

// All three requests have one shape: resources, in each of them scopes, in each of them records (opentelemetry/proto/{trace,logs}/v1).

/** Takes each record of an Export…ServiceRequest in protobuf. Throws `invalid_input` for what is none. */
export function readRecords(
  body: Buffer,
  each: (resource: ReceivedResource, record: WireReader) => void,
): void {
  const request = new WireReader(body);
  for (let field = request.next(); field !== 0; field = request.next()) {
    if (field === 1) readResource(request.message(), each);
    else request.skip();
  }
}

function readResource(
  reader: WireReader,
  each: (resource: ReceivedResource, record: WireReader) => void,
): void {
  let resource: ReceivedResource = { attributes: {} };
  const scopes: WireReader[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) resource = { attributes: readAttributes(reader.message(), 1) };
    // The resource may stand behind what it describes.
    else if (field === 2) scopes.push(reader.message());
    else reader.skip();
  }
  for (const scope of scopes) {
    for (let field = scope.next(); field !== 0; field = scope.next()) {
      if (field === 2) each(resource, scope.message());
      else scope.skip();
    }
  }
}
