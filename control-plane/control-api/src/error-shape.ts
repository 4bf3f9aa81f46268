import * as z from "zod";

/** An error as it crosses a boundary: stable code, what happened, why, what to do; nothing secret. */
export const errorShape = z.object({
  code: z.string(),
  message: z.string(),
  retry: z.enum(["not-executed", "unknown", "never"]),
  declared: z.literal(true).optional(),
  why: z.string().optional(),
  fix: z.string().optional(),
  data: z.unknown().optional(),
  retryAfterMs: z.number().optional(),
});
