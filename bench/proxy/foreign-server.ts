import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { announce } from "../wire/load.ts";

/** What stands behind every side: a program that knows nothing of who is in front of it. */
const body = JSON.stringify({ id: "saw-dovetail", total: 7900, currency: "EUR" });
const server = createServer((_request, response) => {
  response
    .writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    })
    .end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () =>
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
