import type { ChangeReport, Status } from "@kerf/control-api";
import { client } from "../api/client.ts";
import type { Manifest } from "../api/manifest.ts";
import { word } from "../parts/word.ts";

/** A change that is ready to be asked for. */
export interface Plan {
  readonly kind: string;
  readonly title: string;
  /** What it does, a sentence each. */
  readonly effects: readonly string[];
  /** The command that does the same. */
  readonly command: string;
  ask(change: string): Promise<ChangeReport>;
}

/** What a plan is made from. */
export interface Facts {
  readonly status: Status;
  readonly manifest: Manifest;
}

const oneByOne =
  "New copies serve before old ones go; when one does not get ready, nothing is changed.";

/** Starts every copy anew. */
export function planRestart(unit: string): Plan {
  return {
    kind: "restart",
    title: `Restart ${unit}`,
    effects: ["Every copy becomes a new process.", oneByOne],
    command: `kerf restart ${word(unit)}`,
    ask: (change) => client.restart({ change, unit }),
  };
}

/** Runs another number of copies. */
export function planScale({ status }: Facts, unit: string, copies: number): Plan {
  const now = status.units.find(({ name }) => name === unit)?.instances.length ?? 0;
  const effect =
    copies === now
      ? `There are ${now} already.`
      : copies > now
        ? `${copies - now} more beside the ${now} that run.`
        : `${now - copies} of ${now} finish what they have begun, and end.`;
  return {
    kind: "scale",
    title: `Scale ${unit} to ${copies}`,
    effects: [effect, "It holds for the next start too."],
    command: `kerf scale ${word(unit)} ${copies}`,
    ask: (change) => client.scale({ change, unit, copies }),
  };
}

/** Takes a service into a unit of its own. */
export function planCut(facts: Facts, service: string): Plan {
  const unit = unitOf(facts, service);
  const stay = unit.services.filter((name) => name !== service);
  return {
    kind: "cut",
    title: `Cut ${service} out of ${unit.name}`,
    effects: [
      `${service} becomes the unit ${service}; ${stay.join(", ")} stay in ${unit.name}.`,
      between(facts, service, stay, "go over the network from then on"),
      oneByOne,
    ],
    command: `kerf cut ${word(service)}`,
    ask: (change) => client.cut({ change, service }),
  };
}

/** Takes a service into another unit. */
export function planJoin(facts: Facts, service: string, into: string): Plan {
  const from = unitOf(facts, service);
  const hosts = facts.status.units.find(({ name }) => name === into)?.services ?? [];
  return {
    kind: "join",
    title: `Join ${service} into ${into}`,
    effects: [
      `${service} runs in one program with ${hosts.join(", ")}${from.services.length === 1 ? `; the unit ${from.name} is no more` : ""}.`,
      between(facts, service, hosts, "stay in the program from then on"),
      oneByOne,
    ],
    command: `kerf join ${word(service)} ${word(into)}`,
    ask: (change) => client.join({ change, service, into }),
  };
}

/** Runs an earlier release. */
export function planRollback(unit: string, release: number, now: number | undefined): Plan {
  return {
    kind: "rollback",
    title: `Roll ${unit} back to release ${release}`,
    effects: [
      `Release ${release} takes the place of ${now === undefined ? "what runs" : `release ${now}`}. Data stays as it is.`,
      oneByOne,
    ],
    command: `kerf rollback ${word(unit)} ${release}`,
    ask: (change) => client.rollback({ change, unit, release }),
  };
}

function unitOf({ status }: Facts, service: string): Status["units"][number] {
  const unit = status.units.find(({ services }) => services.includes(service));
  if (unit === undefined) throw new Error(`${service} is in no unit.`);
  return unit;
}

/** Which calls change their way, between a service and those beside it. */
function between(
  { manifest }: Facts,
  service: string,
  others: readonly string[],
  what: string,
): string {
  const ways = manifest.services.flatMap(({ name, uses }) =>
    uses
      .filter(
        (use) =>
          use.followed !== true &&
          ((name === service && others.includes(use.name)) ||
            (use.name === service && others.includes(name))),
      )
      .map((use) => `${name} → ${use.name}`),
  );
  return ways.length === 0
    ? "No calls change their way: none of them calls another."
    : `Calls that ${what}: ${ways.join(", ")}.`;
}
