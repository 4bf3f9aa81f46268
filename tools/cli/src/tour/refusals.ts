import type { Status } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";

/** What the acts speak of. */
const needed = ["orders", "payments", "inventory", "search", "recommendations"];

/** The address of the shop's web gateway. Throws for another app, for a shop that real customers may use, and for one that waits for something. */
export function gatewayToWalkThrough(
  status: Pick<Status, "app" | "environment" | "gateways" | "services" | "units">,
): string {
  const { app, environment, gateways, services, units } = status;
  const running = new Set(units.flatMap((unit) => unit.services));
  const url = gateways.find(({ name }) => name === "web")?.url;
  if (url === undefined || !needed.every((name) => running.has(name))) {
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
  const waiting = services.find(({ problem }) => problem !== undefined);
  if (waiting !== undefined) {
    throw new KerfError("not_ready", {
      message: `The shop is not whole: ${waiting.problem?.message}`,
      why: `Without ${waiting.name} there is little to show.`,
      fix: waiting.problem?.fix,
    });
  }
  return url;
}
