import { data, type Field, flags, frame, frameTypes, fieldBlock, headers } from "./http2-frames.ts";

/** What one client sends on stream 1, and what may come of it. */
export interface DowngradeCase {
  readonly name: string;
  /** @param path where the request goes. @param authorization of a user */
  frames(path: string, authorization: string): readonly Buffer[];
  /** The status, or how the stream or the connection ends. */
  readonly outcome: number | "closed" | "reset";
  /** Whether whoever is behind the gateway gets the request. */
  readonly passes?: true;
}

/** A request that is hidden in another one. */
export const hidden = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
const content = '{"text":"hi"}';

type Edit = (fields: Field[]) => Field[];

function pseudo(path: string, method = "POST"): Field[] {
  return [
    [":method", method],
    [":scheme", "http"],
    [":path", path],
    [":authority", "shop.example"],
  ];
}

/** A write with its body, its head edited. */
function write(
  name: string,
  outcome: DowngradeCase["outcome"],
  edit: Edit,
  body = content,
): DowngradeCase {
  return {
    name,
    outcome,
    frames: (path, authorization) => [
      headers(
        1,
        edit([
          ...pseudo(path),
          ["authorization", authorization],
          ["content-type", "application/json"],
        ]),
        false,
      ),
      data(1, body),
    ],
  };
}

const add =
  (...more: Field[]): Edit =>
  (fields) => [...fields, ...more];
const replace =
  (name: string, value: string): Edit =>
  (fields) =>
    fields.map((field) => (field[0] === name ? [name, value] : field));
const without =
  (name: string): Edit =>
  (fields) =>
    fields.filter((field) => field[0] !== name);
const passes = (one: DowngradeCase): DowngradeCase => ({ ...one, passes: true });
const taken = 201;
/** nghttp2 leaves a field out that is none: whoever is behind gets the request without it. */
const dropped = (name: string, edit: Edit): DowngradeCase => passes(write(name, taken, edit));

/** Requests of HTTP/2 that could become another one, or two, in HTTP/1.1. */
export const downgradeCases: readonly DowngradeCase[] = [
  passes(write("a plain write", taken, (fields) => fields)),
  passes(write("its length", taken, add(["content-length", "13"]))),
  passes(write("te: trailers", taken, add(["te", "trailers"]))),
  passes(write("a host that is the authority", taken, add(["host", "shop.example"]))),
  passes(
    write("a host in the place of the authority", taken, (fields) => [
      ...without(":authority")(fields),
      ["host", "shop.example"],
    ]),
  ),
  // The end of the body.
  write(
    "transfer-encoding: chunked",
    "reset",
    add(["transfer-encoding", "chunked"]),
    `0\r\n\r\n${hidden}`,
  ),
  write("transfer-encoding in upper case", "reset", add(["Transfer-Encoding", "chunked"])),
  dropped("transfer-encoding with a blank", add(["transfer-encoding ", "chunked"])),
  dropped(
    "transfer-encoding behind a line break in a value",
    add(["x-a", "b\r\ntransfer-encoding: chunked"]),
  ),
  write("a length that is too short", "closed", add(["content-length", "1"]), `{${hidden}`),
  write("a length of none", "closed", add(["content-length", "0"]), hidden),
  write("a length that is too long", "reset", add(["content-length", "14"])),
  write("two lengths", "reset", add(["content-length", "13"], ["content-length", "0"])),
  write("a signed length", "reset", add(["content-length", "+13"])),
  write("a length that is a list", "reset", add(["content-length", "13, 13"])),
  write("an empty length", "reset", add(["content-length", ""])),
  // Fields for one connection.
  write("connection", "reset", add(["connection", "close"])),
  write("connection that names a field", "reset", add(["connection", "authorization"])),
  write("keep-alive", "reset", add(["keep-alive", "timeout=5"])),
  write("proxy-connection", "reset", add(["proxy-connection", "keep-alive"])),
  write("upgrade", "reset", add(["upgrade", "websocket"])),
  write("te: chunked", "reset", add(["te", "chunked"])),
  // Bytes that end a field or a head.
  dropped("CR LF in a value", add(["x-a", `b\r\n\r\n${hidden}`])),
  dropped("LF in a value", add(["x-a", "b\nhost: y"])),
  dropped("CR in a value", add(["x-a", "b\rhost: y"])),
  dropped("NUL in a value", add(["x-a", "b\0c"])),
  dropped("a blank before a value", add(["x-a", " b"])),
  dropped("CR LF in a name", add(["x-a\r\nhost: y\r\nx-b", "c"])),
  dropped("a colon in a name", add(["x-a: b", "c"])),
  dropped("a blank in a name", add(["x a", "b"])),
  dropped("an empty name", add(["", "b"])),
  write("a name in upper case", "reset", add(["X-A", "b"])),
  dropped("a name beyond ASCII", add(["x-\u00e4", "b"])),
  // Pseudo headers.
  write("two methods", "reset", (fields) => [[":method", "GET"], ...fields]),
  write("two paths", "reset", (fields) => [[":path", "/smuggled"], ...fields]),
  write("two authorities", "reset", (fields) => [[":authority", "y"], ...fields]),
  write("two schemes", "reset", (fields) => [[":scheme", "https"], ...fields]),
  write("a path after the fields", "reset", (fields) => [
    ...without(":path")(fields),
    [":path", "/smuggled"],
  ]),
  write("a path twice, the second after the fields", "reset", add([":path", "/smuggled"])),
  write("an unknown pseudo header", "reset", (fields) => [[":smuggled", "1"], ...fields]),
  write("one of answers", "reset", (fields) => [[":status", "200"], ...fields]),
  write("no method", "reset", without(":method")),
  write("no scheme", "reset", without(":scheme")),
  write("no path", "reset", without(":path")),
  write("an empty path", "reset", replace(":path", "")),
  write(
    "a path with a version and a head",
    "reset",
    replace(":path", `/a HTTP/1.1\r\nhost: y\r\n\r\n${hidden}`),
  ),
  write("a path with a blank", "reset", replace(":path", "/smuggled HTTP/1.1")),
  write("a path with a tab", "reset", replace(":path", "/a\tb")),
  write("a path with NUL", "reset", replace(":path", "/a\0b")),
  write("a path with a fragment", 400, replace(":path", "/notes/a#/../smuggled")),
  write("a path that is a URL", "reset", replace(":path", "http://y/smuggled")),
  write("a path without a slash", "reset", replace(":path", "smuggled")),
  write('"*" for POST', "reset", replace(":path", "*")),
  write("a path with dot segments", 400, replace(":path", "/notes/../smuggled")),
  write(
    "a method with a target",
    "reset",
    replace(":method", "GET /smuggled HTTP/1.1\r\nhost: y\r\n\r\nPOST"),
  ),
  write("a method with a blank", "reset", replace(":method", "GET /smuggled")),
  write("a method in lower case", 400, replace(":method", "post")),
  write("CONNECT with a path", "reset", replace(":method", "CONNECT")),
  write("a scheme that is none", "reset", replace(":scheme", "http://y/smuggled?")),
  write("a scheme of another kind", 400, replace(":scheme", "file")),
  // Whom it is for.
  write("another host than the authority", 400, add(["host", "y"])),
  write("two hosts", "reset", add(["host", "shop.example"], ["host", "shop.example"])),
  write("no host at all", "reset", without(":authority")),
  write("an authority with a user", "reset", replace(":authority", "shop.example@y")),
  write("an authority with a path", "reset", replace(":authority", "shop.example/smuggled")),
  write("an authority with a blank", "reset", replace(":authority", "shop.example y")),
  write("an authority with CR LF", "reset", replace(":authority", `y\r\n\r\n${hidden}`)),
  write("an authority with a port beyond 65535", 400, replace(":authority", "shop.example:70000")),
  write("two credentials", 400, add(["authorization", "Bearer other"])),
  write("two content types", 400, add(["content-type", "application/json"])),
  // Frames.
  {
    name: "a body that is broken off, without an error",
    outcome: "reset",
    frames: (path, authorization) => [
      headers(
        1,
        [...pseudo(path), ["authorization", authorization], ["content-type", "application/json"]],
        false,
      ),
      data(1, content, false),
      frame(frameTypes.reset, 0, 1, "\0\0\0\0"),
    ],
  },
  {
    name: "a body that is broken off, with one",
    outcome: "reset",
    frames: (path, authorization) => [
      headers(
        1,
        [...pseudo(path), ["authorization", authorization], ["content-type", "application/json"]],
        false,
      ),
      data(1, content, false),
      frame(frameTypes.reset, 0, 1, "\0\0\0\x08"),
    ],
  },
  {
    name: "trailers with a pseudo header",
    outcome: "reset",
    frames: (path, authorization) => [
      headers(
        1,
        [...pseudo(path), ["authorization", authorization], ["content-type", "application/json"]],
        false,
      ),
      data(1, content, false),
      headers(1, [[":path", "/smuggled"]]),
    ],
  },
  {
    name: "trailers that do not end the stream",
    outcome: "reset",
    frames: (path, authorization) => [
      headers(
        1,
        [...pseudo(path), ["authorization", authorization], ["content-type", "application/json"]],
        false,
      ),
      data(1, content, false),
      headers(1, [["x-a", "b"]], false),
    ],
  },
  {
    name: "a body without a head",
    outcome: "closed",
    frames: () => [data(1, hidden)],
  },
  {
    name: "a body behind the end of another",
    outcome: "closed",
    frames: (path, authorization) => [
      headers(1, [...pseudo(path, "GET"), ["authorization", authorization], ["x-a", "\0"]]),
      data(1, hidden),
    ],
  },
  {
    name: "another stream's body between the parts of a head",
    outcome: "closed",
    frames: (path) => [
      frame(frameTypes.headers, 0, 1, fieldBlock(pseudo(path).slice(0, 2))),
      data(3, hidden),
      frame(frameTypes.continuation, flags.endHeaders, 1, fieldBlock(pseudo(path).slice(2))),
    ],
  },
  {
    name: "an even stream",
    outcome: "closed",
    frames: (path) => [headers(2, pseudo(path, "GET"))],
  },
  {
    name: "a pushed request",
    outcome: "closed",
    frames: (path) => [
      headers(1, pseudo(path), false),
      frame(
        frameTypes.push,
        flags.endHeaders,
        1,
        Buffer.concat([Buffer.from([0, 0, 0, 2]), fieldBlock(pseudo("/smuggled", "GET"))]),
      ),
    ],
  },
  {
    name: "a head that is no HPACK",
    outcome: "closed",
    frames: () => [
      frame(
        frameTypes.headers,
        flags.endHeaders | flags.endStream,
        1,
        Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      ),
    ],
  },
];
