import assert from "node:assert/strict";
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { KerfError, systemClock } from "@kerf/kernel";
import { messageField, textField } from "@kerf/telemetry/protobuf";
import type { Received } from "../store.ts";
import { grpcServer } from "./grpc.ts";
import { Receiver } from "./receiver.ts";

const rows: Received[] = [];
let refusal: KerfError | undefined;
const server = grpcServer(
  new Receiver({
    add(added) {
      if (refusal !== undefined) return Promise.reject(refusal);
      rows.push(...added);
      return Promise.resolve();
    },
  }),
  systemClock,
);
let session: ClientHttp2Session;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
after(() => {
  session.destroy();
  server.close();
});

const path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const at = Buffer.from([9, 0, 0, 0, 0, 1, 0, 0, 0]);
const logs = (...lines: readonly Buffer[]): Buffer =>
  messageField(1, messageField(2, ...lines.map((line) => messageField(2, line))));
const line = Buffer.concat([at, messageField(5, textField(1, "hello"))]);

function framed(message: Buffer, packed = 0): Buffer {
  const head = Buffer.alloc(5, packed);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Status, message and body of a call. */
function call(body: Buffer, headers: OutgoingHttpHeaders = {}): Promise<[string, string, Buffer]> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const told = { status: "", message: "" };
    const hear = (fields: IncomingHttpHeaders): void => {
      told.status ||= [fields["grpc-status"] ?? ""].join();
      told.message ||= decodeURIComponent([fields["grpc-message"] ?? ""].join());
    };
    const pieces: Buffer[] = [];
    stream.on("response", hear).on("trailers", hear);
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("close", () => resolve([told.status, told.message, Buffer.concat(pieces)]));
    stream.on("error", reject);
    stream.end(body);
  });
}

test("a message is kept, plain and packed", async () => {
  rows.length = 0;
  assert.deepEqual(await call(framed(logs(line))), ["0", "", framed(Buffer.alloc(0))]);
  const packed = framed(gzipSync(logs(line, line)), 1);
  assert.equal((await call(packed, { "grpc-encoding": "gzip" }))[0], "0");
  assert.deepEqual(
    rows.map((row) => "log" in row && row.log.body),
    ["hello", "hello", "hello"],
  );
});

test("what of it nobody can keep is said", async () => {
  const [status, , body] = await call(framed(logs(line, Buffer.alloc(0))));
  assert.equal(status, "0");
  assert.match(body.toString(), /a line of a log needs a time/);
});

test("what is no OTLP is refused; what may be sent again says so", async () => {
  const statuses = async (body: Buffer, headers?: OutgoingHttpHeaders): Promise<string> =>
    (await call(body, headers))[0];
  assert.equal(await statuses(framed(Buffer.from([0xff]))), "3");
  assert.equal(await statuses(Buffer.from([0, 0])), "3");
  assert.equal(await statuses(Buffer.concat([framed(logs()), framed(logs())])), "3");
  assert.equal(await statuses(framed(logs()), { ":path": "/else" }), "12");
  assert.equal(await statuses(framed(logs()), { "content-type": "application/json" }), "3");
  assert.equal(await statuses(framed(gzipSync(logs()), 1)), "3");
  const bomb = framed(gzipSync(Buffer.alloc(20_000_000)), 1);
  assert.equal(await statuses(bomb, { "grpc-encoding": "gzip" }), "8");
  assert.equal(await statuses(framed(Buffer.alloc(17_000_000))), "8");
  refusal = new KerfError("overloaded", { message: "100% full", retry: "not-executed" });
  assert.deepEqual((await call(framed(logs(line)))).slice(0, 2), ["14", "100% full"]);
  refusal = undefined;
});
