import { type ProtocolCase, added, body, chunked, post, refused, smuggled } from "./case.ts";

const te = "transfer-encoding: chunked\r\n";

/** Chunks whose size or end two programs could see in two places (RFC 9112, 7.1). */
export const chunkCases: readonly ProtocolCase[] = [
  added("several chunks", post(te, `1\r\n{\r\nc\r\n${body.slice(1)}\r\n0\r\n\r\n`)),
  added("a size with zeros in front", post(te, `000d\r\n${body}\r\n000\r\n\r\n`)),
  added("a size in capitals", post(te, `D\r\n${body}\r\n0\r\n\r\n`)),
  added("an extension", post(te, `d;a=b\r\n${body}\r\n0;c\r\n\r\n`)),
  added("an extension in quotes", post(te, `d;a="b c"\r\n${body}\r\n0\r\n\r\n`)),
  ...[
    ["a size that is none", "zz\r\n"],
    ["an empty size", `\r\n${body}\r\n`],
    ["a size with 0x", `0xd\r\n${body}\r\n`],
    ["a negative size", `-d\r\n${body}\r\n`],
    ["a size with a plus", `+d\r\n${body}\r\n`],
    ["an underscore in the size", `0_d\r\n${body}\r\n`],
    ["a space before the size", ` d\r\n${body}\r\n`],
    ["a tab before the size", `\td\r\n${body}\r\n`],
    ["a space behind the size", `d \r\n${body}\r\n`],
    ["a tab behind the size", `d\t\r\n${body}\r\n`],
    ["a vertical tab behind the size", `d\x0b\r\n${body}\r\n`],
    ["a NUL behind the size", `d\0\r\n${body}\r\n`],
    ["a size over 64 bits", `1000000000000000d\r\n${body}\r\n`],
    ["a size just over 64 bits", `10000000000000000\r\n${body}\r\n`],
    ["a size line that ends in a bare line feed", `d\n${body}\r\n`],
    ["a size line that ends in a bare return", `d\r${body}\r\n`],
    ["an extension with a bare line feed", `d;a\n${body}\r\n`],
    ["an extension with a bare return", `d;a\rb\r\n${body}\r\n`],
    ["an extension in quotes with a line feed", `d;a="\n"\r\n${body}\r\n`],
    ["an extension in quotes with a line end", `d;a="\r\n${body}\r\n`],
    ["an extension with a NUL", `d;a\0\r\n${body}\r\n`],
    ["data longer than its size", `c\r\n${body}\r\n`],
    ["data shorter than its size", `e\r\n${body}\r\n`],
    ["data that ends in a bare line feed", `d\r\n${body}\n`],
    ["data that ends in a bare return", `d\r\n${body}\r`],
    ["data that ends in two other bytes", `d\r\n${body}XX`],
  ].map(([name, bytes]) =>
    refused(`chunk: ${name}`, post(te, `${bytes as string}0\r\n\r\n${smuggled}`)),
  ),
  refused(
    "chunk: huge extensions",
    post(te, `d;${"a".repeat(17_000)}\r\n${body}\r\n0\r\n\r\n`),
    413,
  ),
  refused("chunk: the end with a bare line feed", post(te, `d\r\n${body}\r\n0\n\n${smuggled}`)),
  refused(
    "chunk: a last line with a bare line feed",
    post(te, `d\r\n${body}\r\n0\r\n\n${smuggled}`),
  ),
  {
    name: "chunk: a size that never comes",
    bytes: post(te, "fffffffffffffff\r\n"),
    answers: [],
    after: "waits",
    calls: [],
  },
  ...[
    ["transfer-encoding", "transfer-encoding: chunked\r\n"],
    ["content-length", `content-length: ${smuggled.length}\r\n`],
  ].map(([name, field]) =>
    refused(
      `trailer: ${name as string} frames nothing`,
      post(te, `${chunked.replace(/\r\n$/, field as string)}\r\n${smuggled}`),
    ),
  ),
  ...[
    ["host", "host: y\r\n"],
    ["authorization", "authorization: Bearer x\r\n"],
    ["x-kerf-principal", "x-kerf-principal: ada\r\n"],
  ].map(([name, field]) =>
    added(
      `trailer: ${name as string} changes nothing`,
      post(te, chunked.replace(/\r\n$/, `${field as string}\r\n`)),
    ),
  ),
];
