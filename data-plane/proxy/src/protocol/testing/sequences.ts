import {
  type ProtocolCase,
  added,
  body,
  chunked,
  get,
  opened,
  post,
  refused,
  smuggled,
  token,
} from "./case.ts";

const expecting = (expectation: string) =>
  post(`content-length: 13\r\nexpect: ${expectation}\r\n`, body);

/** Several requests on one connection, expectations and upgrades (RFC 9112, 9.3 and 9.6; RFC 9110, 7.8 and 10.1.1). */
export const sequenceCases: readonly ProtocolCase[] = [
  {
    name: "pipelined: whole ones are answered in order",
    bytes: get() + post("content-length: 13\r\n", body) + get(),
    answers: [200, 201, 200],
    after: "open",
    calls: ["open 1", "add a", "open 1"],
  },
  ...[
    ["both framings", post("content-length: 13\r\ntransfer-encoding: chunked\r\n", chunked)],
    ["a coding of ours it is not", post("transfer-encoding: gzip, chunked\r\n", chunked)],
    ["another version", "GET /notes?limit=1 HTTP/2.0\r\nhost: x\r\n\r\n"],
    ["no host", "GET /notes?limit=1 HTTP/1.1\r\n\r\n"],
    ["another host in its target", get("", "http://y/notes?limit=1")],
    ["a bad field", get("x a: b\r\n")],
  ].map(([name, first]) =>
    refused(
      `pipelined behind a refused one: ${name as string}`,
      (first as string) + smuggled.repeat(3),
    ),
  ),
  {
    name: "behind connection: close nothing is read",
    bytes: get("connection: close\r\n") + smuggled,
    answers: [200],
    after: "closed",
    calls: ["open 1"],
  },
  {
    name: "behind HTTP/1.0 nothing is read",
    bytes: `GET /notes?limit=1 HTTP/1.0\r\nhost: x\r\n\r\n${smuggled}`,
    answers: [200],
    after: "closed",
    calls: ["open 1"],
  },
  refused(
    "behind a large body that is refused by its head",
    `POST /notes/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 70000\r\n\r\n${"x".repeat(70_000)}${smuggled}`,
    401,
  ),
  refused(
    "in a chunked body that is refused by its head before it is whole",
    `POST /notes/a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n${smuggled.repeat(3)}`,
    401,
  ),
  refused(
    "behind a chunked body that is refused by its head",
    `POST /notes/a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunked}${smuggled}`,
    401,
  ),
  {
    name: "expect: 100-continue",
    bytes: expecting("100-continue"),
    answers: [100, 201],
    after: "open",
    calls: ["add a"],
  },
  {
    name: "expect: 100-Continue, in capitals",
    bytes: expecting("100-CONTINUE"),
    answers: [100, 201],
    after: "open",
    calls: ["add a"],
  },
  ...["200-ok", "100-continue, x", "x100-continue", "100-continuex", "", "100"].map((value) =>
    refused(`expect: ${JSON.stringify(value)} is not met`, expecting(value) + smuggled, 417),
  ),
  refused(
    "expect: a body that is refused is not read as a request",
    `POST /notes/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`,
    401,
  ),
  {
    name: "expect: of a GET without a body",
    bytes: get("expect: 100-continue\r\n"),
    answers: [200],
    after: "closed",
    calls: ["open 1"],
  },
  opened(
    "upgrade: h2c is not taken",
    get(
      "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
    ),
  ),
  added(
    "upgrade: h2c with a body",
    post(`connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 13\r\n`, body),
  ),
  opened("upgrade: to what nobody knows", get("connection: upgrade\r\nupgrade: x/1\r\n")),
  opened(
    "connection: names fields that are not taken away",
    get("connection: host, authorization, x-kerf-principal\r\n"),
  ),
  {
    name: "authorization that connection names still counts",
    bytes: `GET /notes/mine HTTP/1.1\r\nhost: x\r\nconnection: authorization\r\nauthorization: Bearer ${token}\r\n\r\n`,
    answers: [200],
    after: "open",
    calls: ["mine"],
  },
];
