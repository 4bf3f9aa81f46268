import * as z from "zod";

/** Which lines to read. */
export const logsInput = z.object({
  /** A service, a unit, `gateway:NAME`, `postgres:NAME` or `platform`; everything when absent. */
  service: z.string().optional(),
  /** How many of the last lines to begin with. */
  tail: z.int().min(0).max(10_000).default(100),
  /** Go on with what is written from now on. */
  follow: z.boolean().default(false),
});

/** One line of a log. */
export const logLine = z.object({
  /** RFC 3339; of the line itself when it has one, otherwise of when it was read. */
  time: z.string(),
  /** Whose log it stands in: a unit, `gateway:NAME`, `postgres:NAME` or `platform`. */
  source: z.string(),
  /** As it was written. */
  line: z.string(),
  /** The parts of a structured line. */
  level: z.string().optional(),
  message: z.string().optional(),
  service: z.string().optional(),
});
export type LogLine = z.infer<typeof logLine>;
