import { KerfError } from "@kerf/kernel";

/** @throws KerfError when neither services are named nor all of them are meant, or both */
export function assertNamed(services: readonly string[], all: true | undefined): void {
  if (services.length > 0 !== (all === true)) return;
  throw new KerfError("usage", {
    message:
      services.length > 0 ? "--all stands beside names of services." : "No service is named.",
    fix: "Name services, or give --all for every one whose code has changed.",
  });
}
