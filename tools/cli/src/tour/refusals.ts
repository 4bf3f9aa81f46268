import type { Status } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";

/** What the acts speak of. */
const services = ["orders", "payments", "inventory", "search", "recommendations"];

/** The address of the shop's web gateway. Throws for another app, and for a shop that real customers may use. */
export function gatewayToWalkThrough(
  status: Pick<Status, "app" | "environment" | "gateways" | "units">,
): string {
  const { app, environment, gateways, units } = status;
  const running = new Set(units.flatMap((unit) => unit.services));
  const url = gateways.find(({ name }) => name === "web")?.url;
  if (url === undefined || !services.every((name) => running.has(name))) {
    throw new KerfError("invalid_configuration", {
      message: `The tour is one of the example shop, and ${app} is another app.`,
      fix: "Stop it with kerf down, and the tour starts a shop of its own; or name the state of a shop that runs with --home DIR.",
    });
  }
  if (environment.startsWith("prod")) {
    throw new KerfError("forbidden", {
      message: `The tour does not run in the environment ${environment}.`,
      why: "It kills programs, moves services and places orders.",
      fix: "Start a shop beside it with a state of its own: kerf up --environment dev --home DIR, then kerf tour --home DIR.",
    });
  }
  return url;
}
