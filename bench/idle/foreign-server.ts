import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { announce } from "../wire/load.ts";

/** Answers `/large` with as many bytes as it is told, as fast as they are taken, and everything else with one word. */
const bytes = Number(process.argv[2]);
const piece = Buffer.alloc(65_536);

function* pieces(): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left);
}

const server = createServer((request, response) => {
  if (request.url === "/large") {
    response.writeHead(200, { "content-length": bytes });
    Readable.from(pieces()).pipe(response);
  } else response.end("small");
});
server.listen(0, "127.0.0.1", () =>
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
