import type { AppManifest } from "@kerf/service";
import type { Program } from "../supervisor/program.ts";

/** Names in waves: each after those that it needs, side by side what does not. Where they need each other in a circle, the first by name goes ahead. */
export function inWaves(
  names: readonly string[],
  needs: (name: string) => readonly string[],
): string[][] {
  const waves: string[][] = [];
  const left = new Set([...names].sort());
  while (left.size > 0) {
    const free = [...left].filter(
      (name) => !needs(name).some((other) => other !== name && left.has(other)),
    );
    const wave = free.length > 0 ? free : [...left].slice(0, 1);
    for (const name of wave) left.delete(name);
    waves.push(wave);
  }
  return waves;
}

/** Services of an app, those that are called before those that call them. */
export function inOrder(
  manifest: Pick<AppManifest, "services">,
  names: readonly string[],
): string[] {
  return inWaves(names, (name) => calledBy(manifest, name)).flat();
}

/** Programs in waves: units whose services are called before those whose services call them, gateways at the end. */
export function programWaves(
  manifest: Pick<AppManifest, "services">,
  programs: readonly Program[],
): Program[][] {
  const units = programs.filter(({ kind }) => kind === "host");
  const gateways = programs.filter(({ kind }) => kind === "gateway");
  const unitOf = (service: string) =>
    units.find(({ services }) => services.includes(service))?.unit;
  const needs = (unit: string): string[] => {
    const services = units.find((each) => each.unit === unit)?.services ?? [];
    return services
      .flatMap((name) => calledBy(manifest, name))
      .flatMap((name) => unitOf(name) ?? []);
  };
  const waves = inWaves(
    units.map(({ unit }) => unit),
    needs,
  ).map((wave) => wave.flatMap((unit) => units.filter((each) => each.unit === unit)));
  return gateways.length === 0 ? waves : [...waves, gateways];
}

/** The services that one calls; those whose events it only follows may come later. */
function calledBy({ services }: Pick<AppManifest, "services">, name: string): string[] {
  const uses = services.find((service) => service.name === name)?.uses ?? [];
  return uses.filter(({ followed }) => followed !== true).map((use) => use.name);
}
