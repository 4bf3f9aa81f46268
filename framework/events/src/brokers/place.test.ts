import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerAddress } from "./open.ts";
import { openBrokerPlace, secretBrokerPlace } from "./place.ts";

const refused = { code: "invalid_configuration" };

test("a URL of a broker says where it is, and under which names", () => {
  assert.deepEqual(brokerAddress("kafka+tls://a:9092,b:9093/shop?replicas=3"), {
    kind: "kafka",
    tls: true,
    servers: ["a:9092", "b:9093"],
    prefix: "shop",
    replicas: 3,
    destination: "kafka://a:9092,b:9093/shop",
  });
  assert.equal(brokerAddress("nats://[::1]:4222").prefix, "kerf");
  for (const url of [
    "nats://host",
    "amqp://host:1",
    "nats://host:4222/A b",
    "nats://h:1?replicas=0",
  ])
    assert.throws(() => brokerAddress(url), refused, url);
});

test("a password is refused as an argument, and read from a file", () => {
  assert.deepEqual(openBrokerPlace("nats://host:4222"), { url: "nats://host:4222" });
  assert.throws(() => openBrokerPlace("nats://me:secret@host:4222"), {
    ...refused,
    message: /^(?!.*secret)/,
  });
  assert.deepEqual(secretBrokerPlace("nats+tls://me:p%40ss@host:4222/shop\n-----BEGIN\nx\n"), {
    url: "nats+tls://host:4222/shop",
    user: "me",
    password: "p@ss",
    authority: "-----BEGIN\nx\n",
  });
  assert.deepEqual(secretBrokerPlace("kafka://a:1,b:2\n"), { url: "kafka://a:1,b:2" });
  assert.throws(() => secretBrokerPlace("nats://me:%zz@host:4222"), {
    ...refused,
    message: /^(?!.*%zz)/,
  });
});
