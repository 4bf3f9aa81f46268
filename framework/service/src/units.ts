import { KerfError } from "@kerf/kernel";
import type { Units } from "./declaration/app.ts";

/** The services of each unit. */
export type UnitServices = Record<string, string[]>;

const unitPattern = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * The placement that an app declares, with everything that is wrong with it. `external`: the services with a program of their own,
 * which have a unit each, whoever takes `"*"`.
 */
export function resolveUnits(
  units: Units,
  services: readonly string[],
  external: readonly string[] = [],
): { units: UnitServices; problems: string[] } {
  if (units === "each") return { units: each(services), problems: [] };
  const problems: string[] = [];
  const placed = new Map<string, string>();
  const rests: string[] = [];
  const resolved: UnitServices = {};
  for (const [unit, wanted] of Object.entries(units)) {
    if (!unitPattern.test(unit)) {
      problems.push(
        `units.${unit}: the name must be lower-case letters, digits and "-", at most 40 long`,
      );
    }
    if (external.includes(unit) && (wanted === "*" || !wanted.includes(unit)))
      problems.push(`units.${unit}: the unit of the program of ${unit} has that name; rename it`);
    resolved[unit] = [];
    if (wanted === "*") {
      rests.push(unit);
      continue;
    }
    for (const service of wanted) {
      const other = placed.get(service);
      if (!services.includes(service))
        problems.push(`units.${unit}: ${unknown(service, services)}`);
      else if (other !== undefined)
        problems.push(`units.${unit}: the service ${service} is in the unit ${other} already`);
      else if (external.includes(service) && wanted.length > 1)
        problems.push(
          `units.${unit}: ${service} is a program of its own and cannot share one with ${wanted.filter((one) => one !== service).join(", ")}; leave it out there`,
        );
      else {
        placed.set(service, unit);
        resolved[unit].push(service);
      }
    }
  }
  for (const service of external) {
    if (placed.has(service) || service in resolved) continue;
    placed.set(service, service);
    resolved[service] = [service];
  }
  const left = services.filter((service) => !placed.has(service));
  const [rest] = rests;
  if (rests.length > 1)
    problems.push(`units: only one unit can take "*", but ${rests.join(" and ")} do`);
  else if (rest !== undefined) resolved[rest] = left;
  else if (left.length > 0) {
    problems.push(
      `units: ${left.join(", ")} ${left.length === 1 ? "is" : "are"} in no unit; name them, or give one unit "*"`,
    );
  }
  for (const [unit, wanted] of Object.entries(units)) {
    if (wanted.length === 0) problems.push(`units.${unit}: has no service`);
  }
  return { units: withoutEmpty(resolved), problems };
}

/**
 * The placement that `--cut` asks for: `none` puts all services into `main`, `all` gives each a unit of its own, `a,b` cuts
 * those from `main`. Those of `external`, which have a program of their own, always have a unit of their own. Throws `invalid_configuration` when it names a service that the app does not have.
 */
export function cutUnits(
  cut: string,
  services: readonly string[],
  external: readonly string[] = [],
): UnitServices {
  const sharing = services.filter((service) => !external.includes(service));
  if (cut === "none") return withoutEmpty({ main: sharing, ...each(external) });
  if (cut === "all") return each(services);
  const names = [...new Set(cut.split(",").map((name) => name.trim()))].filter(
    (name) => name !== "",
  );
  const strangers = names.filter((name) => !services.includes(name));
  if (names.length === 0 || strangers.length > 0) {
    throw new KerfError("invalid_configuration", {
      message:
        names.length === 0
          ? "--cut names no service."
          : `--cut names ${strangers.map((name) => JSON.stringify(name)).join(" and ")}, which the app does not have.`,
      fix: `Give none, all, or some of: ${services.join(", ")}`,
      data: { cut, services },
    });
  }
  const rest = sharing.filter((service) => !names.includes(service));
  if (names.includes("main") && rest.length > 0) {
    throw new KerfError("invalid_configuration", {
      message:
        "--cut cannot cut the service called main: the unit of the services that stay together has that name.",
      fix: "Cut the others from it instead, or use --cut all.",
    });
  }
  return withoutEmpty({
    ...each([...names, ...external.filter((service) => !names.includes(service))]),
    main: names.includes("main") ? ["main"] : rest,
  });
}

function each(services: readonly string[]): UnitServices {
  return Object.fromEntries(services.map((service) => [service, [service]]));
}

function withoutEmpty(units: UnitServices): UnitServices {
  return Object.fromEntries(Object.entries(units).filter(([, members]) => members.length > 0));
}

function unknown(service: string, services: readonly string[]): string {
  return `there is no service ${JSON.stringify(service)}; the app has ${services.join(", ")}`;
}
