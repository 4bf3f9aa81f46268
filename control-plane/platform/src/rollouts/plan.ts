import { KerfError } from "@kerf/kernel";
import { copiesOf, type Deployment, external } from "../placement/deployment.ts";
import type { KeptUnit } from "../placement/kept.ts";
import type { Plan } from "./change.ts";

/** Most copies of one unit. */
export const maxCopies = 100;

/** Takes a service out of its unit, into one of its own. Throws `not_found`, or `invalid_input` saying why it cannot be. */
export function planCut(deployment: Deployment, service: string, from: string | undefined): Plan {
  const unit = unitOf(deployment, service);
  const members = membersOf(deployment, unit);
  if (from !== undefined && from !== unit) {
    throw new KerfError("invalid_input", {
      message: `${service} is not in the unit ${from}: it is in ${unit}.`,
      fix: `kerf cut ${service} --from ${unit}`,
    });
  }
  if (members.length === 1) {
    throw new KerfError("invalid_input", {
      message: `${service} is alone in its unit ${unit} already.`,
      fix: "There is nothing to cut: kerf status shows who is where.",
    });
  }
  if (Object.hasOwn(deployment.units, service)) {
    throw new KerfError("invalid_input", {
      message: `${service} cannot be cut: another unit has that name, and the new one would have it.`,
      fix: `Rename the unit ${service} in app({ units }).`,
    });
  }
  return {
    kind: "cut",
    title: `${service} out of ${unit}`,
    units: {
      [unit]: asIs(deployment, unit, without(members, service)),
      [service]: asIs(deployment, unit, [service]),
    },
    moves: [service],
  };
}

/** Takes a service into another unit. Throws `not_found`, or `invalid_input` saying why it cannot be. */
export function planJoin(deployment: Deployment, service: string, into: string): Plan {
  const unit = unitOf(deployment, service);
  const members = membersOf(deployment, unit);
  const hosts = membersOf(deployment, into);
  if (unit === into) {
    throw new KerfError("invalid_input", {
      message: `${service} is in the unit ${into} already.`,
      fix: "There is nothing to join: kerf status shows who is where.",
    });
  }
  const foreign = external(deployment.manifest);
  const alone = [service, ...hosts].find((name) => foreign.has(name));
  if (alone !== undefined) {
    throw new KerfError("invalid_input", {
      message: `${service} cannot join ${into}: ${alone} is a program of its own.`,
      why: "A program in another language has its sidecar to itself.",
      fix: "Join services that are TypeScript of the app.",
    });
  }
  const rest = without(members, service);
  return {
    kind: "join",
    title: `${service} into ${into}`,
    units: {
      [unit]: rest.length === 0 ? undefined : asIs(deployment, unit, rest),
      [into]: asIs(deployment, into, [...hosts, service]),
    },
    moves: [service],
  };
}

/** Another number of copies. Throws `not_found`, or `invalid_input`. */
export function planScale(deployment: Deployment, unit: string, copies: number): Plan {
  const services = membersOf(deployment, unit);
  if (!Number.isInteger(copies) || copies < 1 || copies > maxCopies) {
    throw new KerfError("invalid_input", {
      message: `${copies} is no number of copies.`,
      fix: `Give a number from 1 to ${maxCopies}.`,
    });
  }
  const now = copiesOf(deployment, unit);
  return {
    kind: "scale",
    title: `${unit} from ${now} to ${copies}`,
    units: { [unit]: { services, copies } },
    moves: [],
  };
}

/** A unit with other services, and everything else as it is. */
function asIs({ copies }: Deployment, unit: string, services: readonly string[]): KeptUnit {
  return { services, ...(copies[unit] === undefined ? undefined : { copies: copies[unit] }) };
}

function without(services: readonly string[], service: string): string[] {
  return services.filter((name) => name !== service);
}

function unitOf({ units, manifest }: Deployment, service: string): string {
  const found = Object.entries(units).find(([, services]) => services.includes(service))?.[0];
  if (found !== undefined) return found;
  throw new KerfError("not_found", {
    message: `There is no service ${JSON.stringify(service)}.`,
    fix: `Give one of: ${manifest.services.map(({ name }) => name).join(", ")}`,
  });
}

/** The services of a unit that runs here. */
function membersOf({ units, manifest }: Deployment, unit: string): readonly string[] {
  const members = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (members === undefined) {
    throw new KerfError("not_found", {
      message: `There is no unit ${JSON.stringify(unit)}.`,
      fix: `Give one of: ${Object.keys(units).join(", ")}`,
    });
  }
  if (manifest.discovery !== undefined && Object.hasOwn(manifest.discovery, unit)) {
    throw new KerfError("invalid_input", {
      message: `The unit ${unit} runs elsewhere: the app says where it is found.`,
      fix: "Change it where it runs.",
    });
  }
  return members;
}
