import { hasProgram } from "../engines.ts";

/** Whether the shop's recommendations, a Python program, run on this machine; says so where they do not. */
export const hasPython: boolean = hasProgram("python3");
if (!hasPython)
  console.log("without python3 the shop runs without recommendations: they are not looked at");
