import { readFileSync } from "node:fs";
import { hasEngine, natsFile } from "@kerf/events/testing";

/** A place at which a process may be killed, before and after; the list is written by `npm run fix`. */
export interface CrashPoint {
  /** Home and purpose; unique. */
  readonly name: string;
  readonly file: string;
  /** The function that it stands in. */
  readonly within: string;
  /** Of a statement: its text, `{}` for a hole. Of a port: its method. */
  readonly text: string;
  readonly kind: "statement" | "port";
}

/** Every point. */
export const points: readonly CrashPoint[] = JSON.parse(
  readFileSync(new URL("points.generated.json", import.meta.url), "utf8"),
) as CrashPoint[];

/** Whether this machine has the NATS server of the engine tests. */
export const hasBroker = hasEngine(natsFile);

/** Why some points are left out here; undefined when none is. */
export const leftOut = hasBroker
  ? undefined
  : `skipped: what events do in a broker needs ${natsFile}, which scripts/engines/brokers brings`;

/** Points that only scenarios with a broker come to. */
export function needsBroker({ file }: CrashPoint): boolean {
  return /^framework\/events\/src\/(relay\/|broker\.ts)/.test(file);
}

/** Points that scenarios come to on this machine. */
export const reachable: readonly CrashPoint[] = hasBroker
  ? points
  : points.filter((point) => !needsBroker(point));

/** Points that no scenario comes to, with the reason; `npm run crash` fails for every other one, and for one of these that is come to. */
export const unreached: Readonly<Record<string, string>> = {
  "data/migrations/migrate apply: rollback":
    "only after a migration that fails by itself, of which nothing is kept: migrate.test.ts",
  "saga/operations find: select kerf.saga":
    "a look of operators that changes nothing: tests/shop/why.engine.test.ts",
  "call path: call":
    "only over a transport that has no `send`; the one between processes has it, and the two mean the same: framed.conformance.test.ts",
  "call path: probe":
    "only for an instance that was left out after five failures in a row; it asks for a sign of life and changes nothing: balancer.test.ts",
  "data/system-schema applyWith: rollback":
    "only after a migration of the platform's own that fails by itself",
};
