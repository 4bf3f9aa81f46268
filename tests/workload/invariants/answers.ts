import type { Invariant } from "./invariant.ts";

/** Requests may fail while faults hit; what is answered is right. */
export const answers: Invariant = async ({ journal }) => [
  {
    holds: "no client was given a wrong answer",
    checked: journal.requests - journal.failed,
    violations: journal.wrong,
  },
];
