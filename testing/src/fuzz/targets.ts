import { plainRequests, responses } from "./http-targets.ts";
import type { Target } from "./target.ts";
import { textTargets } from "./text-targets.ts";
import { called, served } from "./wire-targets.ts";

/** Everything of ours that takes bytes from outside. */
export const targets: readonly Target[] = [
  served,
  called,
  plainRequests,
  responses,
  ...textTargets,
];
