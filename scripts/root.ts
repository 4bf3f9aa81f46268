import { resolve } from "node:path";

/** The top folder of this checkout, without a slash at its end. */
export const root = resolve(import.meta.dirname, "..");
