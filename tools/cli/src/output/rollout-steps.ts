import type { RolloutStep } from "@kerf/control-api";

/** A step of a change in words: while it goes on, when it is done, and when it failed. */
interface StepWords {
  readonly started: string;
  readonly done: string;
  readonly failed: string;
}

/** What each step of a change is. */
export const rolloutSteps: Readonly<Record<RolloutStep, StepWords>> = {
  gate: {
    started: "asking whether it goes together with what runs",
    done: "it goes together with what runs",
    failed: "it does not go together with what runs",
  },
  migrate: {
    started: "making the tables ready",
    done: "the tables are ready",
    failed: "the tables could not be made ready",
  },
  start: {
    started: "starting new copies",
    done: "new copies are ready",
    failed: "new copies did not get ready",
  },
  warm: {
    started: "warming new copies up",
    done: "new copies are warm",
    failed: "new copies could not be called",
  },
  watch: {
    started: "comparing the new release with the old one",
    done: "the new release does no worse than the old one",
    failed: "the new release is not kept",
  },
  shift: {
    started: "telling everyone",
    done: "everyone calls them",
    failed: "not everyone calls them",
  },
  drain: {
    started: "waiting for the old ones to finish",
    done: "the old ones have finished",
    failed: "the old ones have not finished",
  },
  measure: {
    started: "measuring what calls take now",
    done: "what calls take now is measured",
    failed: "what calls take now could not be measured",
  },
  undo: {
    started: "undoing it",
    done: "undone; what served before, serves on",
    failed: "it could not be undone",
  },
  prepare: {
    started: "making the new server ready",
    done: "the new server has its roles and empty tables",
    failed: "the new server could not be made ready",
  },
  copy: {
    started: "copying while it serves",
    done: "copied while it serves",
    failed: "it could not be copied",
  },
  prove: {
    started: "comparing both, to the last row",
    done: "both hold the same, to the last row",
    failed: "both could not be proved equal",
  },
  leave: {
    started: "closing the old one",
    done: "nobody can write to the old one",
    failed: "the old one could not be closed",
  },
};
