import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { AddressSet, clientAddress, subscriberOf } from "./client-address.ts";

const trusted = new AddressSet(["10.0.0.0/8", "fd00::/8"]);

function from(remoteAddress: string | undefined, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return clientAddress({ socket: { remoteAddress }, headers } as IncomingMessage, trusted);
}

test("the right-most address that no trusted proxy has is the client's", () => {
  assert.equal(from("203.0.113.9"), "203.0.113.9");
  assert.equal(from("203.0.113.9", "198.51.100.1"), "203.0.113.9", "nobody vouches for it");
  assert.equal(from("10.1.1.1", "198.51.100.1"), "198.51.100.1");
  assert.equal(from("10.1.1.1", "192.0.2.1, 198.51.100.1, 10.2.2.2"), "198.51.100.1");
  assert.equal(from("::ffff:10.1.1.1", "198.51.100.1:4711"), "198.51.100.1");
  assert.equal(from("fd00::1", "[2001:DB8::1]:443"), "2001:db8::1");
  assert.equal(from("10.1.1.1", "10.2.2.2"), "10.2.2.2");
  assert.equal(from("10.1.1.1", "198.51.100.1, nonsense"), "10.1.1.1", "the last that is known");
  assert.equal(from("10.1.1.1", ""), "10.1.1.1");
  assert.equal(from(undefined), "unknown");
});

test("a subscriber is an IPv4 address or a /64", () => {
  assert.equal(subscriberOf("203.0.113.9"), "203.0.113.9");
  assert.equal(subscriberOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.equal(subscriberOf("2001:db8::1"), "2001:db8:0:0::/64");
  assert.equal(subscriberOf("2001:db8::2:0:0:1"), subscriberOf("2001:db8:0:0:2::1"));
  assert.equal(subscriberOf("::1"), "0:0:0:0::/64");
  assert.equal(subscriberOf("2001:db8:1::"), "2001:db8:1:0::/64");
});
