import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Deployment } from "../placement/deployment.ts";
import { gatewayMembers, gatewayUnit } from "../placement/gateway-copies.ts";
import type { KeptUnit } from "../placement/kept.ts";
import { appUnit } from "../releases/app-releases.ts";
import type { AppChanges } from "../releases/app-changes.ts";
import type { Plan } from "./change.ts";
import { asIs } from "./plan.ts";

/** What of an app is to be deployed beside the code of services. */
export interface AppRequest {
  /** As it is to be, with the digest that it is kept by. */
  readonly manifest: AppManifest;
  readonly digest: string;
  readonly changes: AppChanges;
  /** Services that are to be no more. */
  readonly remove: readonly string[];
}

/** Adds to a deploy of builds what the app says differently: gateways, policies, services that go. Throws `nothing_to_deploy` when it is nothing. */
export function planApp(deployment: Deployment, code: Plan, request: AppRequest): Plan {
  const { changes, digest, manifest, remove } = request;
  assertRemovable(deployment, request);
  const units: Record<string, KeptUnit | undefined> = {};
  if (changes.startsAnew) {
    for (const [unit, services] of Object.entries(deployment.units))
      units[unit] = asIs(deployment, unit, services);
  }
  for (const gateway of manifest.gateways) {
    const unit = gatewayUnit(gateway);
    if (changes.startsAnew || changes.newGateways.includes(gateway.name))
      units[unit] = asIs(deployment, unit, gatewayMembers(manifest, unit) ?? []);
  }
  for (const name of changes.goneGateways) units[gatewayUnit({ name })] = undefined;
  Object.assign(units, code.units);
  for (const unit of Object.keys(deployment.units)) {
    const now = units[unit]?.services ?? deployment.units[unit] ?? [];
    const rest = now.filter((name) => !remove.includes(name));
    if (rest.length === now.length) continue;
    units[unit] = rest.length === 0 ? undefined : asIs(deployment, unit, rest);
  }
  const parts = [
    ...Object.keys(code.builds ?? {}),
    ...changes.texts,
    ...remove.map((name) => `without ${name}`),
  ];
  if (parts.length === 0) {
    throw new KerfError("nothing_to_deploy", {
      message: "Everything runs as it is here: there is nothing to deploy.",
      retry: "not-executed",
    });
  }
  return { ...code, title: parts.join(", "), units, app: digest, remove };
}

/** Gives the app back what it said in an earlier release, beside the code of its services. Throws `invalid_input` when it says the same now. */
export function planAppRollback(
  deployment: Deployment,
  request: AppRequest,
  release: number,
): Plan {
  const { changes, manifest } = request;
  const unit = appUnit(manifest.app);
  if (changes.texts.length === 0) {
    throw new KerfError("invalid_input", {
      message: `The app says now what it said in ${unit}@${release}.`,
      why: "It is gateways, policies, telemetry, limits, scaling and objectives of then; the code of services, and where they are, is not part of it.",
      fix: `Give another one: kerf releases ${unit}`,
    });
  }
  const title = `${unit} to release ${release} (${changes.texts.join(", ")})`;
  const nothing: Plan = { kind: "rollback", title, units: {}, moves: [] };
  return { ...planApp(deployment, nothing, request), title };
}

function assertRemovable(
  { released }: Deployment,
  { changes, manifest, remove }: AppRequest,
): void {
  const running = released?.builds ?? {};
  const unknown = remove.find((name) => !Object.hasOwn(running, name));
  if (unknown !== undefined) {
    throw new KerfError("not_found", {
      message: `There is no service ${JSON.stringify(unknown)} to remove.`,
      fix: `Give one of: ${Object.keys(running).join(", ")}`,
    });
  }
  const needed = remove.find((name) => manifest.services.some((service) => service.name === name));
  if (needed !== undefined) {
    throw new KerfError("invalid_input", {
      message: `${needed} is to be removed, and the app has it.`,
      fix: "Take it out of app({ services }) first.",
    });
  }
  const gone = changes.goneServices.filter(
    (name) => Object.hasOwn(running, name) && !remove.includes(name),
  );
  if (gone.length === 0) return;
  throw new KerfError("invalid_input", {
    message: `The app has ${gone.join(", ")} no more, and ${gone.length === 1 ? "it runs" : "they run"}.`,
    why: "A service is removed by its name only, so that none goes by accident. Its database stays.",
    fix: `kerf deploy --all ${gone.map((name) => `--remove ${name}`).join(" ")}`,
  });
}
