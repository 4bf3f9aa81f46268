/**
 * `node:http`, without what an import of it brings along: that reads every export, and reading the one named `WebSocket`
 * loads undici (Node 26: 16 MB in every program that only serves). Not for browsers.
 */
export function nodeHttp(): typeof import("node:http") {
  return process.getBuiltinModule("node:http");
}
