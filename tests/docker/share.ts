import { readFile, writeFile } from "node:fs/promises";

/** Where the weight of all containers together lies, of version 1 and 2 of control groups, and how it is written for so many programs. */
const places = [
  { file: "/sys/fs/cgroup/cpu/docker/cpu.shares", each: 1_024, most: 262_144 },
  { file: "/sys/fs/cgroup/docker/cpu.weight", each: 100, most: 10_000 },
];
/** About as many programs as an app under test has. */
const programs = 24;

/**
 * Lets containers weigh as much as if each were a process of the machine. Where the engine manages control groups itself (`cgroupfs`), all of them together weigh
 * as much as one, so that whatever else is busy starves them. Answers what takes it back; nothing happens where we may not, or where systemd does it.
 */
export async function weighAsProcesses(): Promise<() => Promise<void>> {
  for (const { each, file, most } of places) {
    try {
      const before = await readFile(file, "utf8");
      await writeFile(file, String(Math.min(most, each * programs)));
      return () => writeFile(file, before);
    } catch {
      // It is another version, another driver, or not ours to change.
    }
  }
  return async () => {};
}
