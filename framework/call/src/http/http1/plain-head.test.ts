import assert from "node:assert/strict";
import { test } from "node:test";
import { readPlainHead } from "./plain-head.ts";

const read = (text: string): ReturnType<typeof readPlainHead> =>
  readPlainHead(Buffer.from(text, "latin1"), 0);

test("a request that is there as a whole is read, and what follows it stays", () => {
  const text =
    "POST /a%20b?c=d HTTP/1.1\r\nHost: a.example:80\r\nX-A: \t b c \t\r\nx-empty:\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}GET";
  const head = read(text);
  assert.deepEqual(
    { ...head, headers: { ...head?.headers } },
    {
      method: "POST",
      url: "/a%20b?c=d",
      headers: {
        host: "a.example:80",
        "x-a": "b c",
        "x-empty": "",
        connection: "Keep-Alive",
        "content-length": "2",
      },
      rawHeaders: [
        "Host",
        "a.example:80",
        "X-A",
        "b c",
        "x-empty",
        "",
        "Connection",
        "Keep-Alive",
        "Content-Length",
        "2",
      ],
      isScreened: true,
      bodyAt: text.indexOf("{"),
      end: text.indexOf("GET"),
    },
  );
});

test("whatever may be read in two ways, or is not whole, is left to Node", () => {
  const line = "GET / HTTP/1.1\r\n";
  const cases = [
    "GET / HTTP/1.1\r\nhost: a\r\n",
    "GET / HTTP/1.0\r\nhost: a\r\n\r\n",
    "GET / HTTP/2.0\r\nhost: a\r\n\r\n",
    "get / HTTP/1.1\r\nhost: a\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET /  HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET /\tHTTP/1.1\r\nhost: a\r\n\r\n",
    "GET /# HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET /\xe4 HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\nhost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET / HTTP/1.1\nhost: a\r\n\r\n",
    `${line}\r\n`,
    `${line}host: a/b\r\n\r\n`,
    `${line}host: a\r\nhost: a\r\n\r\n`,
    `${line}host: a\r\nx: 1\r\nX: 1\r\n\r\n`,
    `${line}host: a\r\nx : 1\r\n\r\n`,
    `${line}host: a\r\n: 1\r\n\r\n`,
    `${line}host: a\r\nx\r\n\r\n`,
    `${line}host: a\r\nx: 1\r\n 2\r\n\r\n`,
    `${line}host: a\r\nx: 1\n\r\n\r\n`,
    `${line}host: a\r\nx: 1\r\r\n\r\n`,
    `${line}host: a\r\nx: \0\r\n\r\n`,
    `${line}host: a\r\nx: \x7f\r\n\r\n`,
    `${line}host: a\r\nx: \xff\r\n\r\n`,
    `${line}host: a\r\n__proto__: 1\r\n\r\n`,
    `${line}host: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${line}host: a\r\nexpect: 100-continue\r\n\r\n`,
    `${line}host: a\r\nconnection: close\r\n\r\n`,
    `${line}host: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    `${line}host: a\r\ncontent-length: 2\r\n\r\n1`,
    `${line}host: a\r\ncontent-length: \r\n\r\n1`,
    `${line}host: a\r\ncontent-length: +1\r\n\r\n1`,
    `${line}host: a\r\ncontent-length: 1, 1\r\n\r\n1`,
    `${line}host: a\r\nx: ${"a".repeat(16_384)}\r\n\r\n`,
    `${line}host: a\r\n${Array.from({ length: 100 }, (_, i) => `x-${i}: 1\r\n`).join("")}\r\n`,
  ];
  assert.deepEqual(
    cases.filter((text) => read(text) !== undefined),
    [],
  );
  assert.notEqual(read(`${line}host: a\r\n\r\n`), undefined);
});

test("a line is read alike the first time and when it is remembered, however many there were", () => {
  const fields = (text: string): unknown => {
    const head = read(`GET / HTTP/1.1\r\nhost: a\r\n${text}\r\n\r\n`);
    return head && [{ ...head.headers }, head.rawHeaders, head.isScreened];
  };
  const long = "b".repeat(400);
  for (let n = 0; n < 3_000; n++) {
    for (const value of [String(n), "same", long]) {
      const name = n % 2 === 0 ? "X-Id" : "x-id";
      assert.deepEqual(fields(`${name}:  ${value}\t`), [
        { host: "a", "x-id": value },
        ["host", "a", name, value],
        true,
      ]);
    }
    assert.deepEqual(fields(`x-${n}: 1`), [
      { host: "a", [`x-${n}`]: "1" },
      ["host", "a", `x-${n}`, "1"],
      true,
    ]);
  }
  assert.equal((fields("X-Kerf-Unit: a") as unknown[])[2], false);
});
