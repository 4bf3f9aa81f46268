import { command } from "@kerf/contract";
import * as z from "zod";
import { failures as errors } from "./failures.ts";

const unit = z.object({ unit: z.string().min(1).max(200) });
const touched = z.object({
  /** The copies that ended or were started. */
  instances: z.array(z.string()),
});

/** Taking a unit away while everything else goes on, to see what its callers do; in development alone. */
export const unitStopOperations = {
  stopUnit: command({
    http: "POST /api/units/{unit}/stop",
    input: unit,
    errors,
    output: touched,
    deadlineMs: 60_000,
    summary:
      "Ends all copies of a unit and starts none until it is started, restarted or changed; in development alone.",
  }),
  startUnit: command({
    http: "POST /api/units/{unit}/start",
    input: unit,
    errors,
    output: touched,
    deadlineMs: 120_000,
    summary: "Starts the copies of a unit that was stopped; resolves when they are ready.",
  }),
};
