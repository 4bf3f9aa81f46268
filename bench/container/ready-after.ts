import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { containersOf } from "kerf-tests/docker/contained-shop";
import { docker } from "kerf-tests/docker/docker";
import type { ReleasedApp } from "kerf-tests/releases/released-app";
import { eventually } from "kerf-tests/shop/running-shop";

/** How long a copy may take to be there, milliseconds. */
const boundMs = 60_000;

/** Milliseconds from the start of the container of the next copy of `unit`, as Docker has it, until that copy says that it is ready. `end`: makes the platform start one. */
export async function readyAfter(
  shop: ReleasedApp,
  unit: string,
  end: () => Promise<unknown>,
): Promise<number> {
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
  const began = await docker("inspect", "--format", "{{.State.StartedAt}}", container);
  return (await saidReady(shop.home, unit, instance)) - Date.parse(began);
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
