import type { Act } from "../act.ts";
import { cut } from "./cut.ts";
import { declined } from "./declined.ts";
import { degraded } from "./degraded.ts";
import { order } from "./order.ts";
import { redeploy } from "./redeploy.ts";
import { scale } from "./scale.ts";
import { trace } from "./trace.ts";
import { why } from "./why.ts";

/** All acts, in the order in which they play. */
export const acts: readonly Act[] = [order, declined, trace, why, degraded, redeploy, scale, cut];
