import { once } from "node:events";
import { createServer } from "node:net";
import { announce } from "./load.ts";

// The least that a framed request and answer can cost: length, id, JSON; no schema, no policy, one write a tick.
const server = createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const answers: Buffer[] = [];
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32LE(0)) {
      const length = rest.readUInt32LE(0);
      const input = JSON.parse(rest.toString("utf8", 8, 8 + length)) as {
        id: string;
        quantity: number;
      };
      const body = Buffer.from(
        JSON.stringify({ id: input.id, total: input.quantity * 7900, currency: "EUR" }),
      );
      const head = Buffer.allocUnsafe(8);
      head.writeUInt32LE(body.length, 0);
      rest.copy(head, 4, 4, 8);
      answers.push(head, body);
      rest = rest.subarray(8 + length);
    }
    if (answers.length > 0) socket.write(Buffer.concat(answers));
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
announce(String((server.address() as { port: number }).port));
