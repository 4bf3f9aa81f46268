import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readReply, type Reply } from "./reply.ts";

const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null));
const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie("reply"), { maxLength: 4 })) as never,
}));

function written(value: Reply): string {
  if (value === null) return "$-1\r\n";
  if (typeof value === "number") return `:${value}\r\n`;
  if (typeof value === "string") return `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  return `*${value.length}\r\n${value.map((each) => written(each as Reply)).join("")}`;
}

test("an answer is read when it is there as a whole, and not before", () => {
  fc.assert(
    fc.property(reply, fc.nat(), (value, cut) => {
      const bytes = Buffer.from(written(value));
      assert.deepEqual(readReply(bytes, 0), { reply: value, end: bytes.length });
      assert.equal(readReply(bytes.subarray(0, cut % bytes.length), 0), undefined);
    }),
  );
});

test("what is no answer of Redis, or one that is too deep, is an error", () => {
  const codeOf = (text: string) => {
    const { reply: read } = readReply(Buffer.from(text), 0) ?? {};
    return (read as { code?: string } | undefined)?.code;
  };
  assert.equal(codeOf("HTTP/1.1 400 Bad Request\r\n"), "protocol_error");
  assert.equal(codeOf("-NOPERM no rights\r\n"), "forbidden");
  assert.equal(codeOf("-ERR unknown command\r\n"), "unavailable");
  const deep = readReply(Buffer.from("*1\r\n".repeat(20)), 0);
  assert.match(JSON.stringify(deep), /protocol_error/);
});

test("whatever comes is read to somewhere behind it, or waited for", () => {
  const piece = fc.oneof(
    fc.constantFrom("$", "*", ":", "+", "-", "\r\n", "-1", "1", "3", "NaN", "1e9", "0x10", ""),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const bytes = Buffer.from(pieces.join(""));
      const read = readReply(bytes, 0);
      if (read !== undefined) assert.ok(read.end > 0 && read.end <= bytes.length, String(read.end));
    }),
    { numRuns: 2_000 },
  );
});
