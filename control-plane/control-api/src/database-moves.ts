import { command } from "@kerf/contract";
import * as z from "zod";
import { asked } from "./changes.ts";
import { failures as errors } from "./failures.ts";

const server = z.string();

/** What came of a move of a database. */
export const databaseMoveReport = z.object({
  id: z.string(),
  service: z.string(),
  /** The servers by their names. */
  from: server,
  to: server,
  ms: z.number(),
  /** From the moment at which writes were held until everyone called copies that work with the new database, milliseconds. */
  pauseMs: z.number(),
  rows: z.int(),
  /** What was copied, with what was copied again. */
  bytes: z.int(),
  /** Each table with what it holds on both servers; the checksum is the sum of the first 64 bits of every row's MD5. */
  tables: z.array(z.object({ name: z.string(), rows: z.int(), checksum: z.string() })),
  /** The copies that work with it. */
  instances: z.array(z.string()),
  /** The old database, which nobody can write to any more. */
  left: z.object({ server, database: z.string() }),
  /** What is different on the new server. */
  notes: z.array(z.string()),
});
export type DatabaseMoveReport = z.infer<typeof databaseMoveReport>;

/** Operations that move databases to other servers. */
export const databaseMoveOperations = {
  moveDatabase: command({
    http: "POST /api/databases/{service}/move",
    input: z.object({
      change: asked.change,
      service: z.string(),
      to: z.union([
        /** A server that the platform runs, by its name; made when it is not there. */
        z.strictObject({ embedded: z.string() }),
        /** Absolute path of a file with the URL of a server, which only its owner may read. */
        z.strictObject({ urlFile: z.string().max(4_096) }),
        /** The URL of a server, with its password. */
        z.strictObject({ url: z.string().max(4_096) }),
      ]),
      /** The longest time for which writes may wait, milliseconds. */
      maxPauseMs: z.int().min(500).max(300_000).default(5_000),
    }),
    errors,
    output: databaseMoveReport,
    deadlineMs: 3_600_000,
    summary: "Moves a service's database to another server, and proves that both hold the same.",
  }),
  dropLeftDatabases: command({
    http: "POST /api/databases/{service}/drop-old",
    input: z.object({ service: z.string() }),
    errors,
    output: z.object({ dropped: z.array(z.object({ server, database: z.string() })) }),
    deadlineMs: 120_000,
    summary: "Drops the databases that a service has left by moves.",
  }),
};
