import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { announce } from "../wire/load.ts";

// What a Collector is in the benchmark: takes everything and counts its spans; GET asks how many there were.
let spans = 0;
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    if (request.url?.endsWith("/v1/traces") === true)
      spans += fieldsOf(Buffer.concat(pieces), [1, 2, 2]);
    response.end(request.method === "GET" ? String(spans) : "");
  });
});
server.listen(0, "127.0.0.1", () =>
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);

/** How many messages lie in a protobuf message at a path of field numbers; everything beside it is skipped. */
function fieldsOf(message: Buffer, [field, ...path]: readonly number[]): number {
  if (field === undefined) return 1;
  let count = 0;
  let at = 0;
  while (at < message.length) {
    // Whatever is on the way to a span has a tag of one byte and a length.
    const tag = message[at++] as number;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] as number;
      length += (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (tag >> 3 === field) count += fieldsOf(message.subarray(at, at + length), path);
    at += length;
  }
  return count;
}
