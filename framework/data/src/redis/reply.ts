import { KerfError } from "@kerf/kernel";

/** What a server answers, as RESP 2 has it. */
export type Reply = string | number | null | readonly (Reply | KerfError)[];

/** Deepest list in an answer. */
const deepest = 8;

/** Reads one answer from `at` on; undefined while it is not there as a whole. An error of the server is a value: a list may hold some. */
export function readReply(
  bytes: Buffer,
  at: number,
  depth = 0,
): { readonly reply: Reply | KerfError; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd === -1) return undefined;
  const line = bytes.toString("utf8", at + 1, lineEnd);
  const next = lineEnd + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case "+":
      return { reply: line, end: next };
    case "-":
      return { reply: refusal(line), end: next };
    case ":":
      return { reply: Number(line), end: next };
    case "$": {
      const length = lengthIn(line);
      if (length === undefined) return { reply: unreadable(), end: bytes.length };
      if (length < 0) return { reply: null, end: next };
      const end = next + length + 2;
      return bytes.length < end ? undefined : { reply: bytes.toString("utf8", next, end - 2), end };
    }
    case "*": {
      const count = lengthIn(line);
      if (count !== undefined && count < 0) return { reply: null, end: next };
      if (count === undefined || depth === deepest)
        return { reply: unreadable(), end: bytes.length };
      const all: (Reply | KerfError)[] = [];
      let end = next;
      while (all.length < count) {
        const read = readReply(bytes, end, depth + 1);
        if (read === undefined) return undefined;
        all.push(read.reply);
        end = read.end;
      }
      return { reply: all, end };
    }
    default:
      return { reply: unreadable(), end: bytes.length };
  }
}

/** Undefined where it is none; −1 stands for nothing. */
function lengthIn(line: string): number | undefined {
  return /^(?:-1|\d{1,9})$/.test(line) ? Number(line) : undefined;
}

/** Names that a server's errors begin with, and what they are to us. */
const codes: Readonly<Record<string, "forbidden" | "not_ready">> = {
  WRONGPASS: "forbidden",
  NOAUTH: "forbidden",
  NOPERM: "forbidden",
  LOADING: "not_ready",
};

function refusal(line: string): KerfError {
  const [error = ""] = line.split(" ");
  const code = codes[error] ?? "unavailable";
  return new KerfError(code, {
    message: code === "not_ready" ? "Redis loads its data." : "Redis refused a command.",
    why: line,
    data: { error },
  });
}

function unreadable(): KerfError {
  return new KerfError("protocol_error", {
    message: "What answers is no Redis.",
    fix: "See that the address is that of Redis; with TLS its URL begins with rediss://.",
  });
}
