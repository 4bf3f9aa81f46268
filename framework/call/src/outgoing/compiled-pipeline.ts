import type { KerfError } from "@kerf/kernel";
import { type Holding, type Outcome, type Position, pipeline, type Step } from "../pipeline.ts";
import { sequence } from "../sequence.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Target } from "./target.ts";

/** The pipeline of one operation as closures, made when its client is bound. */
export interface CompiledPipeline {
  readonly enter: Step;
  readonly attempt: Step;
  readonly settle: Outcome;
  readonly again: (call: Outgoing, error: KerfError) => number | undefined;
  readonly hold: Holding | undefined;
  readonly beside: ((call: Outgoing) => number | undefined) | undefined;
  readonly answer: ((value: unknown) => unknown) | undefined;
  readonly leave: ((call: Outgoing, error: KerfError | undefined) => void) | undefined;
}

/** Compiles the list for one operation: what does not apply to it costs nothing at a call. */
export function compilePipeline(
  target: Target,
  positions: readonly Position[] = pipeline,
): CompiledPipeline {
  const { clock } = target;
  const isFar = target.local === undefined;
  const enters = positions.flatMap((position) => position.enter?.(target) ?? []);
  const attempts = positions.flatMap((position) => position.attempt?.(target) ?? []);
  const outcomes = positions.toReversed().flatMap((position) => position.settle?.(target) ?? []);
  const agains = positions.flatMap((position) => position.again?.(target) ?? []);
  const [beside] = positions.flatMap((position) => position.beside?.(target) ?? []);
  const [hold] = positions.flatMap((position) => position.hold?.(target) ?? []);
  const [leave] = positions.flatMap((position) => position.leave?.(target) ?? []);
  const answers = positions.flatMap((position) => position.answer?.(target) ?? []);
  return {
    enter: sequence(enters),
    attempt: sequence(attempts),
    settle: (call, error) => {
      // One look at the clock for all positions; in the process only those look that need it.
      if (isFar) call.settledAt = clock.now();
      let said = error;
      for (const outcome of outcomes) said = outcome(call, said);
      return said;
    },
    again: (call, error) => {
      for (const again of agains) {
        const wait = again(call, error);
        if (wait !== undefined) return wait;
      }
      return undefined;
    },
    hold,
    beside,
    leave,
    answer:
      answers.length === 0
        ? undefined
        : (value) => answers.reduce((said, answer) => answer(said), value),
  };
}
