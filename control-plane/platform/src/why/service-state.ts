import type { InstanceStatus, Status } from "@kerf/control-api";
import type { ServiceState } from "./sentence.ts";

/** How a service stands, by what the platform knows of its copies, its settings and its database. */
export function serviceState(status: Status, name: string): ServiceState {
  const service = status.services.find((each) => each.name === name);
  const unit = status.units.find((each) => each.name === service?.unit);
  const server = status.databases.find(({ services }) => services.includes(name));
  return {
    absent:
      service?.problem === undefined
        ? unit && absenceOf(unit)
        : `it is not started${because(service.problem)}`,
    ended: lastEndOf(unit?.instances ?? []),
    databaseAbsent:
      server === undefined || server.state === "ready"
        ? undefined
        : `its server ${server.server} is ${server.state}${because(server.lastError)}`,
  };
}

function absenceOf({ instances, name }: Status["units"][number]): string | undefined {
  if (instances.some(({ state }) => state === "ready")) return undefined;
  const [first] = instances;
  if (first === undefined) return `no copy of ${name} runs`;
  return `its copy ${first.id} is ${first.state}${because(first.lastError)}`;
}

/** How a copy of it ended last that should have run. */
function lastEndOf(instances: readonly InstanceStatus[]): ServiceState["ended"] {
  const [last] = instances
    .flatMap(({ lastEnd }) => (lastEnd === undefined ? [] : [lastEnd]))
    .toSorted((one, other) => other.at.localeCompare(one.at));
  return last && { at: Date.parse(last.at), why: last.error.message };
}

function because(error: { readonly message: string } | undefined): string {
  return error === undefined ? "" : ` (${error.message.replace(/\.$/, "")})`;
}
