import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { natsVersion } from "./nats-version.ts";

test("a NATS server is there when it says its version and that it has JetStream", async () => {
  const said = {
    'INFO {"version":"2.12.1","jetstream":true} \r\n': "2.12.1",
    'INFO {"version":"2.12.1"} \r\n': undefined,
    "HTTP/1.1 400 Bad Request\r\n\r\n": undefined,
    "INFO {not json}\n": undefined,
    // What passes a port on takes connections before anybody is behind it.
    "": undefined,
  };
  for (const [line, version] of Object.entries(said)) {
    const server = createServer((socket) => {
      // The one who asks leaves when it knows enough.
      socket.on("error", () => {});
      socket.end(line);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    assert.equal(await natsVersion("127.0.0.1", (server.address() as AddressInfo).port), version);
    server.close();
  }
});
