import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerAddress } from "./open.ts";
import { openBrokerPlace, secretBrokerPlace } from "./place.ts";

const pem = "-----BEGIN CERTIFICATE-----\nMIIB+/0=\n-----END CERTIFICATE-----\n";
const refused = { code: "invalid_configuration" };

test("a URL of a broker says where it is, and under which names", () => {
  assert.deepEqual(brokerAddress("kafka+tls://a:9092,b:9093/shop?replicas=3"), {
    kind: "kafka",
    tls: true,
    servers: ["a:9092", "b:9093"],
    prefix: "shop",
    replicas: 3,
    sasl: "SCRAM-SHA-512",
    destination: "kafka://a:9092,b:9093/shop",
  });
  assert.equal(brokerAddress("nats://[::1]:4222").prefix, "kerf");
  assert.equal(brokerAddress("kafka://h:1?sasl=plain&replicas=2").sasl, "PLAIN");
  for (const url of [
    "nats://host",
    "amqp://host:1",
    "nats://host:4222/A b",
    "nats://h:1?replicas=0",
    "nats://h:1?sasl=plain",
    "kafka://h:1?sasl=digest",
    "kafka://h:1?acks=0",
  ])
    assert.throws(() => brokerAddress(url), refused, url);
});

test("a password is refused as an argument, and read from a file", () => {
  assert.deepEqual(openBrokerPlace("nats://host:4222"), { url: "nats://host:4222" });
  assert.throws(() => openBrokerPlace("nats://me:secret@host:4222"), {
    ...refused,
    message: /^(?!.*secret)/,
  });
  assert.throws(() => openBrokerPlace("nats://secret@host:4222"), {
    ...refused,
    message: /^(?!.*secret)/,
  });
  assert.deepEqual(secretBrokerPlace(`nats+tls://me:p%40ss@host:4222/shop\n${pem}`), {
    url: "nats+tls://host:4222/shop",
    user: "me",
    password: "p@ss",
    authority: pem,
  });
  assert.deepEqual(secretBrokerPlace("kafka://a:1,b:2\n"), { url: "kafka://a:1,b:2" });
  assert.throws(() => secretBrokerPlace("nats://me:%zz@host:4222"), {
    ...refused,
    message: /^(?!.*%zz)/,
  });
});

test("a token, and what a user of NATS has as a file, are read beside an authority", () => {
  const block = (what: string, value: string) =>
    `-----BEGIN ${what}-----\n${value}\n------END ${what}------\n`;
  const [jwt, seed] = [block("NATS USER JWT", "ey.J-w_t"), block("USER NKEY SEED", "SUAB")];
  assert.deepEqual(secretBrokerPlace("nats://t%3Aken@host:4222"), {
    url: "nats://host:4222",
    token: "t:ken",
  });
  const remark = "************************* IMPORTANT *************************\nKeep it.\n";
  assert.deepEqual(secretBrokerPlace(`nats://host:4222\n${jwt}\n${remark}\n${seed}\n${pem}`), {
    url: "nats://host:4222",
    seed: "SUAB",
    jwt: "ey.J-w_t",
    authority: pem,
  });
  assert.deepEqual(secretBrokerPlace(`nats://host:4222\n${seed}`), {
    url: "nats://host:4222",
    seed: "SUAB",
  });
  for (const text of [
    `nats://host:4222\n${jwt}`,
    "nats://host:4222\n-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----\n",
    "kafka://token@host:9092",
    `kafka://host:9092\n${seed}`,
  ])
    assert.throws(() => secretBrokerPlace(text), { code: "invalid_configuration" }, text);
});
