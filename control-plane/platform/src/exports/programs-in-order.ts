import type { ExportedProgram } from "./exported-programs.ts";

/** Programs that are called before those that call them; what is left of a circle in the order of its names. */
export function programsInOrder<T extends { readonly program: ExportedProgram }>(
  programs: readonly T[],
): T[] {
  const done = new Set<string>();
  const ordered: T[] = [];
  let rest = [...programs];
  while (rest.length > 0) {
    const free = rest.filter(({ program }) =>
      program.calls.every(
        (unit) => done.has(unit) || !rest.some((one) => one.program.unit === unit),
      ),
    );
    const next = free.length > 0 ? free : rest.slice(0, 1);
    for (const one of next) done.add(one.program.unit);
    ordered.push(...next);
    rest = rest.filter((one) => !next.includes(one));
  }
  return ordered;
}
