import type { Status, UnitStatus } from "@kerf/control-api";
import { withStepsUntil } from "../changes/run-change.ts";
import { promised, type Stage } from "./act.ts";

/** The unit that a service runs in. */
export function unitOf({ units }: Status, service: string): UnitStatus {
  const unit = units.find(({ services }) => services.includes(service));
  promised(unit !== undefined, `${service} runs in no unit`);
  return unit;
}

/** The copies of a unit that answer. */
export function readyCopies({ instances }: UnitStatus): readonly string[] {
  return instances.filter(({ state }) => state === "ready").map(({ id }) => id);
}

/** Which services share a program, and in how many copies, in one line. */
export function placementOf({ units }: Status): string {
  return units
    .map(
      ({ instances, name, scaling, services }) =>
        `${name}: ${services.toSorted().join(" ")}${scaling === undefined ? ` ×${instances.length}` : ""}`,
    )
    .toSorted()
    .join("; ");
}

/** Gives a unit as many copies as it had, or has its load decide it again. */
export async function restoreCopies(stage: Stage, before: UnitStatus): Promise<void> {
  const { client } = stage.connection;
  const now = (await client.status({})).units.find(({ name }) => name === before.name);
  const { instances, name: unit, scaling } = before;
  if (scaling !== undefined) {
    const { idleMs, max, min, target } = scaling;
    const auto = { min, max, target, ...(idleMs === undefined ? undefined : { idleMs }) };
    await quietly(stage, (asked) => client.scale({ ...asked, unit, auto }));
  } else if (now !== undefined && now.instances.length !== instances.length) {
    await quietly(stage, (asked) => client.scale({ ...asked, unit, copies: instances.length }));
  }
}

/** Makes a change whose steps are shown, after any other that is under way. */
export function change<T>(
  { connection, json }: Pick<Stage, "connection" | "json">,
  request: Parameters<typeof withStepsUntil<T>>[3],
): Promise<T> {
  // Whoever leaves the tour waits until what it changed is put back.
  const options = { ...(json ? { silent: json } : undefined), wait: true } as const;
  return withStepsUntil(undefined, connection.client, options, request);
}

function quietly<T>(
  { connection }: Stage,
  request: Parameters<typeof withStepsUntil<T>>[3],
): Promise<T> {
  return change({ connection, json: true }, request);
}
