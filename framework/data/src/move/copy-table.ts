import { createRequire } from "node:module";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import type { StoredTable } from "./contents.ts";

const require = createRequire(import.meta.url);

/** Loaded when the first table is copied: no instance ever needs it. */
function copyStreams(): typeof import("pg-copy-streams") {
  return require("pg-copy-streams") as typeof import("pg-copy-streams");
}

/**
 * Makes a table hold what another holds, with constant memory. As text: the binary format has the numbers of types in it, which differ between
 * servers. Answers how many bytes came.
 */
export async function copyTable(
  from: Client,
  to: Client,
  { columns, name }: StoredTable,
): Promise<number> {
  await to.query(`delete from only ${name}`);
  const list = columns.length === 0 ? "" : ` (${columns.join(", ")})`;
  const { from: copyFrom, to: copyTo } = copyStreams();
  const source = from.query(copyTo(`copy ${name}${list} to stdout`));
  const target = to.query(copyFrom(`copy ${name}${list} from stdin`));
  let bytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      done(null, chunk);
    },
  });
  await pipeline(source, counter, target);
  return bytes;
}
