/** Where a text stops being JSON, and what would have been right there. */
export interface JsonFault {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters (UTF-16 code units). */
  readonly column: number;
  readonly expected: string;
}

const blank = /[ \t\n\r]*/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

const expectations = {
  value: "a value",
  firstItem: 'a value or "]"',
  name: "a property name in double quotes",
  firstName: 'a property name in double quotes or "}"',
  colon: '":"',
  nextItem: '"," or "]"',
  nextName: '"," or "}"',
  end: "nothing more",
} as const;

/**
 * Finds the first fault of a text that `JSON.parse` refused; undefined when there is none. The engine's own message is of
 * no use to clients: it names no place for some faults, and quotes the body, secrets included, for others.
 */
export function jsonFault(text: string): JsonFault | undefined {
  const open: ("nextItem" | "nextName")[] = [];
  let expect: keyof typeof expectations = "value";
  let at = 0;

  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  /** Moves behind a string, or to what is wrong in it and says so. */
  const skipString = (): string | undefined => {
    for (at++; text[at] !== '"';) {
      if (at >= text.length) return "the closing quote of a string";
      if (text.charCodeAt(at) < 0x20) return "no control character inside of a string";
      if (text[at] !== "\\") at++;
      else if (!skip(escape)) return "an escape sequence that JSON knows";
    }
    at++;
    return undefined;
  };

  for (;;) {
    skip(blank);
    const char = text[at];
    const faulty = (): JsonFault => faultAt(text, at, expectations[expect]);
    switch (expect) {
      case "value":
      case "firstItem":
        if (char === "[" || char === "{") {
          at++;
          open.push(char === "[" ? "nextItem" : "nextName");
          expect = char === "[" ? "firstItem" : "firstName";
          continue;
        }
        if (char === "]" && expect === "firstItem") {
          at++;
          open.pop();
        } else if (char === '"') {
          const wrong = skipString();
          if (wrong !== undefined) return faultAt(text, at, wrong);
        } else if (!skip(scalar)) return faulty();
        expect = open.at(-1) ?? "end";
        break;
      case "name":
      case "firstName":
        if (char === "}" && expect === "firstName") {
          at++;
          open.pop();
          expect = open.at(-1) ?? "end";
        } else if (char === '"') {
          const wrong = skipString();
          if (wrong !== undefined) return faultAt(text, at, wrong);
          expect = "colon";
        } else return faulty();
        break;
      case "colon":
        if (char !== ":") return faulty();
        at++;
        expect = "value";
        break;
      case "nextItem":
      case "nextName":
        if (char === ",") expect = expect === "nextItem" ? "value" : "name";
        else if (char === (expect === "nextItem" ? "]" : "}")) {
          open.pop();
          expect = open.at(-1) ?? "end";
        } else return faulty();
        at++;
        break;
      case "end":
        return at === text.length ? undefined : faulty();
    }
  }
}

function faultAt(text: string, at: number, expected: string): JsonFault {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", start)) {
    line++;
    start = end + 1;
  }
  return { line, column: at - start + 1, expected };
}
