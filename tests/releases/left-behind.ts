import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReleasedApp } from "./released-app.ts";

/** What is there after a change that should not be, or not there that should be: processes, files and placement against what `kerf status` says. */
export async function leftBehind(app: ReleasedApp): Promise<string[]> {
  const client = await app.client();
  const [status, { releases }] = await Promise.all([client.status({}), client.releases({})]);
  const copies = status.units.flatMap(({ instances }) => instances);
  const found = status.services.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem.message}`],
  );

  const notReady = copies.filter(({ state }) => state !== "ready");
  found.push(...notReady.map(({ id, state }) => `${id} is ${state}`));
  const known = new Set([...copies, ...status.gateways].map(({ pid }) => pid));
  found.push(
    ...programsOf(app)
      .filter(({ pid }) => !known.has(pid))
      .map(({ pid, command }) => `process ${pid} is nobody's: ${command}`),
  );

  if (existsSync(join(app.home, "state", "change.json"))) found.push("change.json is there");
  const unfinished = readdirSync(join(app.home, "state"), { recursive: true, encoding: "utf8" });
  found.push(
    ...unfinished.filter((name) => name.endsWith(".new")).map((name) => `${name} is there`),
  );
  const records = readdirSync(join(app.home, "run", "instances")).length;
  const running = copies.length + status.gateways.length;
  if (records !== running) found.push(`${records} records of ${running} programs`);

  const { units } = placementOf(app);
  for (const [name, { services, copies: wanted = 1, release }] of Object.entries(units)) {
    const runs = releases.find((each) => each.unit === name && each.running)?.number;
    if (runs !== release) found.push(`${name} is placed at ${release}, its release is ${runs}`);
    if (name.startsWith("gateway:")) continue;
    const unit = status.units.find((each) => each.name === name);
    if (unit?.services.toSorted().join() !== services.toSorted().join())
      found.push(`${name} is placed with ${services.join()}, and has ${unit?.services.join()}`);
    if (unit?.instances.length !== wanted)
      found.push(`${name} is placed ${wanted} times, and runs ${unit?.instances.length} times`);
  }
  const placed = Object.keys(units).filter((name) => !name.startsWith("gateway:"));
  for (const { name } of status.units)
    if (placed.length > 0 && !placed.includes(name)) found.push(`${name} runs and is not placed`);
  return found;
}

/** What is written down as what is to run. */
export interface Placed {
  readonly change: string;
  readonly units: Readonly<
    Record<string, { services: string[]; copies?: number; release?: number }>
  >;
}

export function placementOf(app: ReleasedApp): Placed {
  return JSON.parse(readFileSync(join(app.home, "state", "placement.json"), "utf8")) as Placed;
}

/** Every program of this app that runs on the machine, the platform aside: each is told the app's module. */
function programsOf(app: ReleasedApp): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const parts = commandOf(pid);
      const isProgram = parts.includes(app.app) && !parts.some((part) => part.startsWith("--app"));
      return isProgram ? [{ pid: Number(pid), command: parts.slice(-3).join(" ") }] : [];
    });
}

/** Empty for one that has ended. */
function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
