import { command } from "@kerf/contract";
import * as z from "zod";
import { failures } from "./failures.ts";

/** Header with the half of a dashboard session that the page keeps; the other half is a cookie that no page can read. */
export const sessionKeyHeader = "kerf-session-key";

/** Signing in to the dashboard. */
export const dashboardOperations = {
  openDashboard: command({
    http: "POST /api/dashboard",
    input: z.object({}),
    errors: failures,
    output: z.object({
      /** With a code in its fragment that signs in once, with the rights of whoever asked for it. */
      url: z.string(),
      /** When the code means nothing any more, ISO 8601. */
      expires: z.string(),
    }),
    summary: "Makes a link to the dashboard that signs in once.",
  }),
};
