import { command, query } from "@kerf/contract";
import * as z from "zod";
import { changeKind } from "./changes.ts";
import { failures as errors } from "./failures.ts";

/** What the copies of one release served. */
const watchedRelease = z.object({
  release: z.int(),
  /** Over how long. */
  seconds: z.number(),
  calls: z.int(),
  /** By the fault of who served them. */
  failed: z.int(),
  /** Quantiles of the calls that were measured, milliseconds; absent without any. */
  p50Ms: z.number().optional(),
  p95Ms: z.number().optional(),
  p99Ms: z.number().optional(),
});
export type WatchedRelease = z.infer<typeof watchedRelease>;

/** A rollout whose new copies serve beside the old ones, and are compared with them. */
export const watchedChange = z.object({
  /** The change's id. */
  change: z.string(),
  kind: changeKind,
  title: z.string(),
  /** Share of the calls that the new copies get, 0 to 1. */
  share: z.number(),
  /** Since the first call could come, milliseconds. */
  forMs: z.int(),
  units: z.array(
    z.object({
      unit: z.string(),
      /** The release before, and the new one. */
      stable: watchedRelease,
      canary: watchedRelease,
      verdict: z.enum(["better-or-same", "worse", "too-little-to-tell"]),
      /** In words, with the figures that decide. */
      why: z.string(),
    }),
  ),
});
export type WatchedChange = z.infer<typeof watchedChange>;

const ofUnit = z.object({ unit: z.string().min(1).max(200) });
/** The change that was decided on. */
const decided = z.object({ change: z.string() });

/** Looking at a rollout while it watches its new copies, and deciding before it does. */
export const watchOperations = {
  watched: query({
    http: "GET /api/watched",
    input: z.object({}),
    errors,
    output: z.object({ changes: z.array(watchedChange) }),
    summary: "The rollout that compares a new release with the one before, with both figures.",
  }),
  promote: command({
    http: "POST /api/units/{unit}/promote",
    input: ofUnit,
    errors,
    output: decided,
    summary: "Ends the watch of a new release: it takes all calls, and the one before ends.",
  }),
  abandon: command({
    http: "POST /api/units/{unit}/abandon",
    input: ofUnit,
    errors,
    output: decided,
    summary: "Ends the watch of a new release: it goes, and the one before serves on.",
  }),
};
