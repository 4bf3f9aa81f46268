import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { announce } from "../wire/load.ts";
import { quote } from "./prices.ts";

// The same handler behind nginx: it reads JSON and answers JSON, and checks neither who asks nor what.
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request
    .on("data", (piece: Buffer) => pieces.push(piece))
    .on("end", () => {
      const text = pieces.length === 1 ? String(pieces[0]) : Buffer.concat(pieces).toString();
      const body = JSON.stringify(quote(JSON.parse(text) as { id: string; quantity: number }));
      response
        .writeHead(200, {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
        })
        .end(body);
    });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () =>
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
