import { KerfError } from "@kerf/kernel";
import { type AnyService, usesOf } from "@kerf/service";

/** Throws `invalid_app` with everything of a service that needs a program which goes on running. */
export function assertFitsFunction(service: AnyService): void {
  const names = (all: Iterable<string>): string => [...all].join(", ");
  const required = usesOf(service).filter((use) => !use.optional);
  const problems: [boolean, string][] = [
    [service.workers.size > 0, `workers: ${names(service.workers.keys())}`],
    [service.sagas.length > 0, `sagas: ${names(service.sagas.map(({ name }) => name))}`],
    [
      service.schedules.length > 0,
      `schedules: ${names(service.schedules.map(({ name }) => name))}`,
    ],
    [
      service.reconciliations.size > 0,
      `comparisons with other services: ${names(service.reconciliations.keys())}`,
    ],
    [
      service.subscriptions.size > 0,
      `consumers of the events of ${names(service.subscriptions.keys())}`,
    ],
    [
      Object.keys(service.contract.events).length > 0,
      `events, whose log nobody could read: ${names(Object.keys(service.contract.events))}`,
    ],
    [
      required.length > 0,
      `calls to ${names(required.map(({ contract }) => contract.name))}, which nobody would find for it`,
    ],
    [service.issuer, "the signing of users' tokens"],
  ];
  const found = problems.filter(([holds]) => holds).map(([, text]) => text);
  if (found.length === 0) return;
  throw new KerfError("invalid_app", {
    message: `The service ${service.name} does not fit into a function. It has ${found.join("; ")}.`,
    why: "A function is stopped between requests, and nobody else reaches it but by HTTP.",
    fix: "Run it as a program (kerf export compose, kubernetes or systemd), or move what answers requests alone into a service of its own.",
  });
}
