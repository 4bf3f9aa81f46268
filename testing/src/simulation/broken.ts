import type { SagaDefinition, SagaSteps } from "@kerf/saga";
import { answer, type StatementWork } from "./database/statement-run.ts";
import type { KnownStatement } from "./database/statement-table.ts";
import { moveWatermarks } from "./statements/consumers.ts";
import { statements } from "./statements/index.ts";
import { insertStep, writeBatch } from "./statements/sagas.ts";
import type { Variant } from "./world/variant.ts";

/** A statement of an engine that does something else. */
function otherwise(name: string, work: StatementWork): { statements: readonly KnownStatement[] } {
  return { statements: [{ ...statements.named(name), work }] };
}

/** Engines with one thing broken on purpose, by what is broken: each must break a property. */
export const broken: Readonly<Record<string, Variant>> = {
  "a log is read up to its newest id, whoever is still in progress": {
    // An id is drawn in the message that commits: what lies between is long enough when the disk stalls.
    faults: { stalls: 0.5 },
    ...otherwise(
      "log: oldest in progress",
      // eslint-disable-next-line require-yield -- reads nothing
      function* () {
        return answer("SELECT", [{ xmin: String(Number.MAX_SAFE_INTEGER) }]);
      },
    ),
  },
  "a consumer moves its watermark without a fence": {
    strike: { at: "answer to events", kind: "long pause" },
    ...otherwise("consumer: move watermarks", function* (run, values) {
      return yield* moveWatermarks(run, values, () => true);
    }),
  },
  "a step is recorded without a fence": {
    strike: { at: "answer to change", kind: "long pause" },
    statements: [
      ...otherwise("saga: record a step", function* (run, values) {
        return yield* insertStep(run, values, (row) => row["id"] === values[0]);
      }).statements,
      ...otherwise("saga: write a batch", function* (run, values) {
        return yield* writeBatch(run, values, () => true);
      }).statements,
    ],
  },
  "an event wakes nobody who waits for it": otherwise(
    "saga: wake who waits",
    // eslint-disable-next-line require-yield -- writes nothing
    function* () {
      return answer("UPDATE");
    },
  ),
  "a saga completes although its end was asked for": {
    strike: { at: "saga: cancel", kind: "pause" },
    ...otherwise("saga: write a batch", function* (run, values) {
      const [instance, ids, epochs, steps, moves, ...rest] = values;
      const pivoted = (JSON.parse(moves ?? "[]") as object[]).map((move) => ({
        ...move,
        pivoted: true,
      }));
      const given = [instance, ids, epochs, steps, JSON.stringify(pivoted), ...rest];
      return yield* writeBatch(
        run,
        given,
        (row, epoch) => row["owner"] === instance && row["epoch"] === epoch,
      );
    }),
  },
  "a step is known by its position": { saga: byPosition },
  "a command is answered before its commit": { answersEarly: true },
  "a watermark is moved outside of the transaction of its effect": { appliesApart: true },
  "a command leaves no record": otherwise(
    "command: record",
    // eslint-disable-next-line require-yield -- writes nothing
    function* () {
      return answer("INSERT", [], 1);
    },
  ),
};

/** Names every step by its number: what comes first in this run is taken for what came first in the one before. */
function byPosition(saga: SagaDefinition): SagaDefinition {
  return {
    ...saga,
    run: (s, input) => {
      let position = 0;
      const numbered = new Proxy(s, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          if (name === "fail") return value.bind(target) as unknown;
          return (_step: string, ...rest: unknown[]) =>
            (value as (...args: unknown[]) => unknown).call(target, `step ${++position}`, ...rest);
        },
      }) as SagaSteps<any, any>;
      return saga.run(numbered, input);
    },
  };
}
