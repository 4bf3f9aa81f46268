import { compareContracts, type ContractFinding, type EventDescription } from "@kerf/contract";
import type { GateFinding } from "@kerf/control-api";
import type { BuildDescriptor } from "@kerf/service/builds";

/**
 * Whether the events that a service has written are what its coming build says of them: whoever is built against that one, or reads the log from
 * its beginning, meets the old ones too. Followers that run are compared elsewhere, with what they were built against.
 */
export function logFindings(before: BuildDescriptor, coming: BuildDescriptor): GateFinding[] {
  const [was, is] = [before.service.contract, coming.service.contract];
  const changed = Object.keys(is.events).filter(
    (name) => was.events[name] !== undefined && !same(was.events[name], is.events[name]),
  );
  return compareContracts({
    consumer: is,
    provider: { ...was, name: "its log" },
    consumerName: "its new schema",
    operations: [],
    events: changed,
  }).map((finding) => findingOf(coming.service.name, finding));
}

function findingOf(service: string, finding: ContractFinding): GateFinding {
  const { code, event = "", path } = finding;
  // What an upcast does cannot be compared; that its author has written one for the version in the log is what is asked for.
  const verdict = code === "event_version" ? "compatible" : finding.verdict;
  const message =
    code === "event_version" ? "read through an upcast, which only code can tell" : finding.message;
  const what = [`old events ${service}.${event}`, path].filter((part) => part !== "").join(", ");
  return {
    verdict,
    about: "contract",
    service,
    consumer: "old events",
    operation: `${service}.${event}`,
    ...(path === "" ? undefined : { path }),
    message: `${verdict === "compatible" ? "note" : verdict}: ${what}: ${message}`,
  };
}

function same(one: EventDescription | undefined, other: EventDescription | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
