import { error } from "@kerf/contract";
import { errorShape } from "./error-shape.ts";

/**
 * What was asked for failed, and the operator gets to know why in full: an edge hides from clients what lies behind it, and
 * that is what an operator asks for.
 */
export const failures = {
  failed: error({ status: 422, message: "What was asked for failed.", data: errorShape }),
};
