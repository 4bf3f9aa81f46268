import { once } from "node:events";
import { connect } from "node:net";
import { clientArguments, measureRate, type Quote, requestOf } from "./load.ts";

const { inFlight, seconds, address } = clientArguments();
const socket = connect(Number(address), "127.0.0.1");
await once(socket, "connect");
socket.setNoDelay(true);
const waiting = new Map<number, (quote: Quote) => void>();
let rest: Buffer = Buffer.alloc(0);
socket.on("data", (chunk: Buffer) => {
  rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32LE(0)) {
    const length = rest.readUInt32LE(0);
    const id = rest.readUInt32LE(4);
    const quote = JSON.parse(rest.toString("utf8", 8, 8 + length)) as Quote;
    rest = rest.subarray(8 + length);
    waiting.get(id)?.(quote);
    waiting.delete(id);
  }
});
let next = 0;
function quote(round: number): Promise<Quote> {
  return new Promise((resolve) => {
    const id = next++ >>> 0;
    waiting.set(id, resolve);
    const body = Buffer.from(JSON.stringify(requestOf(round)));
    const head = Buffer.allocUnsafe(8);
    head.writeUInt32LE(body.length, 0);
    head.writeUInt32LE(id, 4);
    socket.write(Buffer.concat([head, body]));
  });
}
await measureRate(quote, inFlight, seconds);
process.exit(0);
