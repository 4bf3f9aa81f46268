import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { containersOf } from "kerf-tests/docker/contained-shop";
import { docker } from "kerf-tests/docker/docker";
import type { ReleasedApp } from "kerf-tests/releases/released-app";
import { eventually } from "kerf-tests/shop/running-shop";

/** How long a copy may take to be there, milliseconds. */
const boundMs = 60_000;

/** How long a copy took until it said that it was ready, milliseconds. */
export interface ColdStart {
  /** From the request for its container: with all that Docker does. */
  readonly asked: number;
  /** From the moment at which Docker says that it runs, a little after its program began. */
  readonly started: number;
}

/** How the next copy of `unit` starts. `end`: makes the platform start one. */
export async function readyAfter(
  shop: ReleasedApp,
  unit: string,
  end: () => Promise<unknown>,
): Promise<ColdStart> {
  const before = await containersOf(shop.home);
  await end();
  const instance = await eventually(
    `another copy of ${unit} is ready`,
    async () => {
      const { units } = await shop.status();
      const copies = units.find(({ name }) => name === unit)?.instances ?? [];
      return copies.find(({ id, state }) => state === "ready" && !before.has(id))?.id;
    },
    boundMs,
  );
  const container = (await containersOf(shop.home)).get(instance) ?? "";
  const times = "{{.Created}} {{.State.StartedAt}}";
  const said = await docker("inspect", "--format", times, container);
  const [created = "", started = ""] = said.split(" ");
  const ready = await saidReady(shop.home, unit, instance);
  return { asked: ready - Date.parse(created), started: ready - Date.parse(started) };
}

/** When it said so, milliseconds since 1970-01-01 UTC. */
async function saidReady(home: string, unit: string, instance: string): Promise<number> {
  const text = await readFile(join(home, "logs", `${unit}-1.log`), "utf8");
  const said = text
    .split("\n")
    .find((line) => line.includes(`"${instance}"`) && line.includes("the unit is ready"));
  if (said === undefined) throw new Error(`${instance} has not said that it is ready`);
  return Date.parse((JSON.parse(said) as { time: string }).time);
}
