import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedResponse } from "./malformed-response.ts";
import type { ResponseHead } from "./response-head.ts";
import { ResponseParser } from "./response-parser.ts";

/** What a parser made of some bytes. */
interface Read {
  readonly heads: ResponseHead[];
  readonly interim: number[];
  readonly body: string;
  readonly trailers: readonly string[] | undefined;
  /** Whether bytes were left over. */
  readonly more: boolean;
}

/** Parses `bytes` in pieces of `size`, and the end of the connection behind them. */
function read(bytes: string, method = "GET", size = Number.POSITIVE_INFINITY): Read {
  const heads: ResponseHead[] = [];
  const interim: number[] = [];
  const pieces: Buffer[] = [];
  let trailers: readonly string[] | undefined;
  let more = false;
  const parser = new ResponseParser({
    onInterim: ({ status }) => interim.push(status),
    onHead: (head) => heads.push(head),
    onBody: (piece) => pieces.push(Buffer.from(piece)),
    onEnd: (fields) => (trailers = fields),
  });
  parser.begin(method);
  const all = Buffer.from(bytes, "latin1");
  const step = Math.min(size, Math.max(1, all.length));
  for (let at = 0; at < all.length; at += step) {
    if (!parser.isReading || !parser.push(all.subarray(at, at + step))) more = true;
  }
  parser.close();
  return { heads, interim, body: Buffer.concat(pieces).toString("latin1"), trailers, more };
}

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;

/** Bytes, and the body of the one answer in them; "incomplete" when it has no end. */
const bodies: Readonly<Record<string, readonly [bytes: string, body: string, method?: string]>> = {
  "a length": [`${ok}content-length: 5\r\n\r\nhello`, "hello"],
  "a length of nothing": [`${ok}content-length: 0\r\n\r\n`, ""],
  "a body that is cut short": [`${ok}content-length: 5\r\n\r\nhell`, "incomplete"],
  chunks: [`${chunked}3\r\nhel\r\n02\r\nlo\r\n0\r\n\r\n`, "hello"],
  "chunks with extensions": [`${chunked}3;a=b;c="d"\r\nhel\r\n2;\r\nlo\r\n0;x\r\n\r\n`, "hello"],
  "chunks with sizes in capitals": [`${chunked}A\r\n0123456789\r\n0\r\n\r\n`, "0123456789"],
  "chunks that are cut short": [`${chunked}3\r\nhel\r\n`, "incomplete"],
  "a last chunk without the end of its trailers": [`${chunked}0\r\nx: 1\r\n`, "incomplete"],
  "no framing: the connection ends it": [`${ok}\r\nhello`, "hello"],
  "no framing and no body": [`${ok}\r\n`, ""],
  "HTTP/1.0": ["HTTP/1.0 200 OK\r\n\r\nhello", "hello"],
  "204 with a length": ["HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", ""],
  "304 with the length of what it is not": [
    "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n",
    "",
  ],
  "an answer to HEAD": [`${ok}content-length: 99\r\n\r\n`, "", "HEAD"],
  "an answer to HEAD that would have chunks": [chunked, "", "HEAD"],
  "answers that come before it": [
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok}content-length: 2\r\n\r\nhi`,
    "hi",
  ],
  "only an answer that comes before it": ["HTTP/1.1 100 Continue\r\n\r\n", "incomplete"],
  nothing: ["", "incomplete"],
  "half a head": [`${ok}content-le`, "incomplete"],
  "no reason": ["HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nhi", "hi"],
  "an empty reason": ["HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nhi", "hi"],
};

for (const size of [Number.POSITIVE_INFINITY, 1, 3]) {
  test(`where the body of an answer ends; ${size} bytes at a time`, () => {
    for (const [name, [bytes, body, method]] of Object.entries(bodies)) {
      const found = read(bytes, method, size);
      const { trailers } = found;
      assert.equal(trailers === undefined ? "incomplete" : found.body, body, name);
      assert.ok(!found.more, `${name}: bytes were left over`);
    }
  });
}

/** Bytes that must not be taken for an answer, and why. */
const refused: Readonly<Record<string, readonly [bytes: string, why: RegExp]>> = {
  "a length beside chunks": [
    `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`,
    /length beside/,
  ],
  "chunks beside a length": [
    `${ok}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n`,
    /length beside/,
  ],
  "two lengths": [`${ok}content-length: 5\r\ncontent-length: 6\r\n\r\n`, /two lengths/],
  "the same length twice": [`${ok}content-length: 5\r\nContent-Length: 5\r\n\r\n`, /two lengths/],
  "two lengths in a list": [`${ok}content-length: 5, 5\r\n\r\n`, /no number/],
  "a length with a sign": [`${ok}content-length: +5\r\n\r\n`, /no number/],
  "a negative length": [`${ok}content-length: -5\r\n\r\n`, /no number/],
  "a hexadecimal length": [`${ok}content-length: 0x5\r\n\r\n`, /no number/],
  "a length with a fraction": [`${ok}content-length: 5.0\r\n\r\n`, /no number/],
  "an empty length": [`${ok}content-length:\r\n\r\n`, /no number/],
  "a length that no number holds": [
    `${ok}content-length: 99999999999999999999\r\n\r\n`,
    /no number/,
  ],
  "a length that begins a list": [`${ok}content-length: 5,\r\n\r\n`, /no number/],
  "gzip as a transfer coding": [`${ok}transfer-encoding: gzip, chunked\r\n\r\n`, /coding/],
  "chunked twice": [`${ok}transfer-encoding: chunked, chunked\r\n\r\n`, /coding/],
  "chunked in two fields": [
    `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`,
    /coding/,
  ],
  identity: [`${ok}transfer-encoding: identity\r\n\r\n`, /coding/],
  "chunked with a parameter": [`${ok}transfer-encoding: chunked;q=1\r\n\r\n`, /coding/],
  "a transfer coding in HTTP/1.0": [
    "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    /HTTP\/1\.0/,
  ],
  "a folded line": [`${ok}a: b\r\n c\r\n\r\n`, /field/],
  "a folded line with a colon": [`${ok}a: b\r\n c: d\r\n\r\n`, /field name/],
  "a bare LF between fields": [`${ok}a: b\nc: d\r\n\r\n`, /control character/],
  "a bare LF after the status line": ["HTTP/1.1 200 OK\na: b\r\n\r\n", /status line/],
  "a bare CR in a value": [`${ok}a: b\rc: d\r\n\r\n`, /control character/],
  "NUL in a value": [`${ok}a: b\0\r\n\r\n`, /control character/],
  "a space before the colon": [`${ok}content-length : 5\r\n\r\n`, /field name/],
  "no name": [`${ok}: b\r\n\r\n`, /field name/],
  "a name with a space": [`${ok}a b: c\r\n\r\n`, /field name/],
  "a field without a colon": [`${ok}abc\r\nd: e\r\n\r\n`, /colon/],
  "HTTP/2": ["HTTP/2 200 OK\r\n\r\n", /status line/],
  "HTTP/1.2": ["HTTP/1.2 200 OK\r\n\r\n", /status line/],
  "HTTP/0.9": ["HTTP/0.9 200 OK\r\n\r\n", /status line/],
  "an interim answer in HTTP/1.0": ["HTTP/1.0 100 Continue\r\n\r\n", /interim/],
  "a status of two digits": ["HTTP/1.1 20 OK\r\n\r\n", /status line/],
  "a status of four digits": ["HTTP/1.1 2000 OK\r\n\r\n", /status line/],
  "a status below 100": ["HTTP/1.1 099 OK\r\n\r\n", /status line/],
  "two spaces in the status line": ["HTTP/1.1  200 OK\r\n\r\n", /status line/],
  "an empty line before the status line": [`\r\n${ok}\r\n`, /status line/],
  "another protocol": ["SSH-2.0-x\r\n", /status line/],
  "a switch of protocols": ["HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", /upgrade/],
  "a chunk without a size": [`${chunked}\r\n`, /without a size/],
  "a chunk with a sign": [`${chunked}+5\r\n`, /without a size/],
  "a chunk with 0x": [`${chunked}0x5\r\n`, /no number/],
  "a chunk with a space": [`${chunked}5 \r\n`, /no number/],
  "a chunk that is too large": [`${chunked}${"1".repeat(14)}\r\n`, /too large/],
  "a chunk that is longer than its size": [`${chunked}3\r\nhello\r\n`, /end where/],
  "a chunk with a bare LF": [`${chunked}3\nhel\n0\n\n`, /no number/],
  "a chunk whose data ends with a bare LF": [`${chunked}3\r\nhel\n`, /end where/],
  "a size that ends with a bare CR": [`${chunked}3\rhel`, /end where/],
  "an extension with a bare LF": [`${chunked}3;a\nhel\r\n`, /extension/],
  "extensions without end": [`${chunked}3;${"a".repeat(16_385)}`, /extensions/],
  "a folded trailer": [`${chunked}0\r\na: b\r\n c\r\n\r\n`, /field/],
  "trailers without end": [`${chunked}0\r\n${"a: b\r\n".repeat(3_000)}`, /trailers/],
  "a head without end": [`${ok}${"a: b\r\n".repeat(11_000)}`, /too long/],
  "a head that is too long, whole": [`${ok}${"a: b\r\n".repeat(11_000)}\r\n`, /too long/],
  "heads without end before an answer": [
    `${"HTTP/1.1 100 Continue\r\n\r\n".repeat(2_700)}${ok}\r\n`,
    /too long/,
  ],
};

for (const size of [Number.POSITIVE_INFINITY, 1, 1_000]) {
  test(`what could be read in two ways is refused; ${size} bytes at a time`, () => {
    for (const [name, [bytes, why]] of Object.entries(refused)) {
      assert.throws(
        () => read(bytes, "GET", size),
        (error) => error instanceof MalformedResponse && why.test(error.message),
        name,
      );
    }
  });
}

test("what follows an answer is no part of it", () => {
  for (const bytes of [
    `${ok}content-length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n`,
    `${chunked}2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`,
  ]) {
    for (const size of [Number.POSITIVE_INFINITY, 1]) {
      const found = read(bytes, "GET", size);
      assert.deepEqual([found.body, found.heads.length, found.more], ["hi", 1, true]);
    }
  }
  assert.ok(read(`${ok}content-length: 2\r\n\r\nhi`, "HEAD").more);
});

test("fields come in order, in lower case, without blanks around their values", () => {
  const [head] = read(
    `${ok}Set-Cookie: a=1\r\nX-Long:\t v w\t\r\nset-cookie:b=2\r\nEmpty:\r\nlatin: \xe9\r\nContent-Length: 0\r\n\r\n`,
  ).heads;
  assert.deepEqual(head?.fields, [
    "set-cookie",
    "a=1",
    "x-long",
    "v w",
    "set-cookie",
    "b=2",
    "empty",
    "",
    "latin",
    "é",
    "content-length",
    "0",
  ]);
  const found = read(`${chunked}0\r\nX-Sum: 7\r\n\r\n`);
  assert.deepEqual(found.trailers, ["x-sum", "7"]);
  assert.deepEqual(read(bodies["answers that come before it"]?.[0] ?? "").interim, [100, 103]);
});

test("whether a connection is kept, and for how long", () => {
  const kept = (bytes: string): boolean | undefined => read(bytes).heads[0]?.keepsAlive;
  const length = "content-length: 0\r\n";
  assert.equal(kept(`${ok}${length}\r\n`), true);
  assert.equal(kept(`${ok}${length}connection: keep-alive\r\n\r\n`), true);
  assert.equal(kept(`${ok}${length}connection: Close\r\n\r\n`), false);
  assert.equal(kept(`${ok}${length}connection: x-hop, close\r\n\r\n`), false);
  assert.equal(kept(`${ok}${length}connection: x-hop\r\n\r\n`), true);
  assert.equal(kept(`${ok}\r\n`), false, "its end is the answer's");
  assert.equal(kept(`HTTP/1.0 200 OK\r\n${length}\r\n`), false);
  assert.equal(kept(`HTTP/1.0 200 OK\r\n${length}connection: Keep-Alive\r\n\r\n`), true);
  const [head] = read(`${ok}${length}keep-alive: max=3, timeout=5\r\n\r\n`).heads;
  assert.equal(head?.keepsAliveMs, 5_000);
});
