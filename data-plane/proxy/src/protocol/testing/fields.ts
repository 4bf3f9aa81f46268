import { type ProtocolCase, body, declined, get, opened, post, refused, smuggled } from "./case.ts";

const noHost = (fields: string) => `GET /notes?limit=1 HTTP/1.1\r\n${fields}\r\n${smuggled}`;

/** Header fields and Host (RFC 9110, 5 and 7.2; RFC 9112, 3.2 and 5). */
export const fieldCases: readonly ProtocolCase[] = [
  opened("a value of bytes over ASCII", get("x-a: \xe9\r\n")),
  opened("%0d%0a in a value stays text", get("x-a: 1%0d%0acontent-length: 9\r\n")),
  opened("an empty value", get("x-a:\r\n")),
  ...[
    ["a NUL in a value", "x-a: \0\r\n"],
    ["a bell in a value", "x-a: \x07\r\n"],
    ["an escape in a value", "x-a: \x1b\r\n"],
    ["a delete in a value", "x-a: \x7f\r\n"],
    ["a bare return in a value", "x-a: a\rb\r\n"],
    ["a bare line feed in a value", "x-a: a\nb: c\r\n"],
    ["a return and a return", "x-a: a\r\r\n"],
    ["a NUL in a name", "x\0a: b\r\n"],
    ["a control byte in a name", "x\x01a: b\r\n"],
    ["a byte over ASCII in a name", "x\xe9: b\r\n"],
    ["a bracket in a name", "x[a]: b\r\n"],
    ["a slash in a name", "x/a: b\r\n"],
    ["a space in a name", "x a: b\r\n"],
    ["a space before the colon", "x-a : b\r\n"],
    ["an empty name", ": b\r\n"],
    ["no colon", "x-a\r\n"],
    ["a folded value", "x-a: b\r\n c\r\n"],
    ["a folded first field", " x-a: b\r\n"],
  ].map(([name, fields]) => refused(`field: ${name}`, get(fields) + smuggled)),
  refused("field: bare line feeds everywhere", "GET /notes?limit=1 HTTP/1.1\nhost: x\n\n"),
  refused(
    "field: a bare line feed at the end of the head",
    `GET /notes HTTP/1.1\r\nhost: x\r\n\n${smuggled}`,
  ),
  refused(
    "field: a bare return at the end of the head",
    `GET /notes HTTP/1.1\r\nhost: x\r\n\r${smuggled}`,
  ),
  ...[
    ["none", ""],
    ["empty", "host:\r\n"],
    ["twice, the same", "host: x\r\nhost: x\r\n"],
    ["twice, different", "host: x\r\nhost: y\r\n"],
    ["a list", "host: x, y\r\n"],
    ["a space inside", "host: x y\r\n"],
    ["with a user", "host: ada@x\r\n"],
    ["with a path", "host: x/y\r\n"],
    ["with a query", "host: x?y\r\n"],
    ["with a fragment", "host: x#y\r\n"],
    ["with a backslash", "host: x\\y\r\n"],
    ["with a port that is none", "host: x:y\r\n"],
    ["with a port over 65535", "host: x:65536\r\n"],
    ["with a scheme", "host: http://x\r\n"],
    ["a space before the colon", "host : x\r\n"],
    ["a byte over ASCII", "host: x\xe9\r\n"],
  ].map(([name, fields]) => refused(`host: ${name}`, noHost(fields as string))),
  ...["x:80", "127.0.0.1:8080", "[::1]:8080", "a.example", "a_b", "x:"].map((host) =>
    opened(`host: ${host}`, `GET /notes?limit=1 HTTP/1.1\r\nhost: ${host}\r\n\r\n`),
  ),
  declined(
    "authorization twice",
    get("authorization: Bearer a\r\nauthorization: Bearer b\r\n"),
    400,
  ),
  declined(
    "content-type twice",
    post("content-type: text/plain\r\ncontent-length: 13\r\n", body),
    400,
  ),
  declined("101 fields", get("x-a: 1\r\n".repeat(100)), 431),
  opened("100 fields", get("x-a: 1\r\n".repeat(99))),
  refused("a head over 16 KiB", get(`x-a: ${"a".repeat(17_000)}\r\n`) + smuggled, 431),
];
