import type { GateFinding, GateVerdict } from "@kerf/control-api";
import { changeText, withConnection } from "@kerf/data";
import { KerfError, toKerfError } from "@kerf/kernel";
import { unknownVersions, unknownVersionText } from "@kerf/saga";
import type { Build, BuildDescriptor } from "@kerf/service/builds";
import type { Deployment } from "../placement/deployment.ts";
import type { ReleaseStore } from "../releases/release-store.ts";
import type { Databases } from "../resources/databases.ts";
import type { Plan } from "../rollouts/change.ts";
import type { Settings } from "../settings/settings.ts";
import { contractFindings } from "./contract-findings.ts";
import { logFindings } from "./log-findings.ts";
import { settingsFindings } from "./settings-findings.ts";

/** What the gate looks at. */
export interface GateSurroundings {
  readonly store: ReleaseStore;
  readonly databases: Databases;
  readonly settings: Settings;
}

/** How many findings are named in an error; all of them are in its data. */
const named = 5;

/**
 * Whether a change of builds goes together with everything that runs: the contracts of what comes with those of all that run, in both directions, its
 * events with those in its log, its migrations with the code that runs, its sagas with those that are not at their end, what it needs with what is
 * set. Changes nothing.
 */
export async function judge(
  { databases, settings, store }: GateSurroundings,
  deployment: Deployment,
  plan: Pick<Plan, "builds" | "kind" | "expose" | "settings" | "remove">,
): Promise<GateVerdict> {
  const { builds = {} } = plan;
  const { remove = [] } = plan;
  const running = Object.entries(deployment.released?.builds ?? {}).flatMap(([name, digest]) =>
    remove.includes(name) ? [] : [digest],
  );
  const coming = Object.entries(builds)
    .filter(([name, digest]) => deployment.released?.builds[name] !== digest)
    .map(([, digest]) => store.open(digest));
  const exposed = new Set([
    ...deployment.manifest.gateways.flatMap(({ expose }) => expose.map(({ name }) => name)),
    ...Object.values(plan.expose ?? {}).flat(),
  ]);
  const findings = contractFindings({
    coming: coming.map(({ descriptor }) => descriptor),
    live: running.map((digest) => store.open(digest).descriptor),
    exposed,
  });
  const staying = running.filter((digest) => {
    const { name } = store.open(digest).descriptor.service;
    return !Object.hasOwn(builds, name);
  });
  const after = [...staying.map((digest) => store.open(digest)), ...coming];
  findings.push(...removalFindings(after, remove));
  for (const build of coming) {
    const before = deployment.released?.builds[build.descriptor.service.name];
    // Nobody is built against what goes back.
    if (plan.kind === "deploy" && before !== undefined)
      findings.push(...logFindings(store.open(before).descriptor, build.descriptor));
    if (build.descriptor.service.database === undefined) continue;
    // What goes back brings no tables along.
    if (plan.kind === "deploy") findings.push(...(await migrationFindings(databases, build)));
    findings.push(...(await sagaFindings(databases, build.descriptor)));
  }
  findings.push(...(await settingsFindings(settings, store, deployment, plan)));
  const against = findings.some(({ verdict }) => verdict !== "compatible");
  return { verdict: against ? "no-go" : "go", findings };
}

/** @throws KerfError `gate_refused` with everything that speaks against the change; with `force`, with what no force helps against */
export function assertGo({ findings }: GateVerdict, force: boolean): void {
  const against = findings.filter(
    ({ final, verdict }) => verdict !== "compatible" && (!force || final === true),
  );
  if (against.length === 0) return;
  const lacking = against.every(({ about }) => about === "settings");
  const lines = against.slice(0, named).map(({ message }) => message);
  const more = against.length > named ? [`and ${against.length - named} more`] : [];
  throw new KerfError("gate_refused", {
    message: lacking
      ? "What it needs is not set, and nothing was started."
      : "It does not go together with what runs.",
    why: [...lines, ...more].join("\n"),
    fix: lacking ? "Set what is missing, as said above, then do it again." : fixOf(against),
    data: { findings },
  });
}

function fixOf(against: readonly GateFinding[]): string {
  if (against.some(({ final }) => final === true))
    return "Put right what is said above; --force does not help against all of it.";
  return "Deploy first what others have to learn, keep what they still need, or give --force, which goes on record.";
}

/** Who still calls a service that is to go. */
function removalFindings(after: readonly Build[], remove: readonly string[]): GateFinding[] {
  return after.flatMap(({ descriptor: { service } }) =>
    service.uses
      .filter(({ name, optional }) => !optional && remove.includes(name))
      .map(({ followed, name }): GateFinding => ({
        verdict: "incompatible",
        about: "service",
        service: name,
        consumer: service.name,
        message: `incompatible: ${service.name} ${followed === true ? "follows" : "calls"} ${name}, which is to go`,
      })),
  );
}

async function migrationFindings(databases: Databases, build: Build): Promise<GateFinding[]> {
  const { name } = build.descriptor.service;
  const about = { about: "migration", service: name } as const;
  try {
    const { ahead, changes } = await databases.tryMigrations(name, build);
    const findings = changes.map((change): GateFinding => ({
      verdict: change.verdict,
      ...about,
      consumer: `the ${name} that runs`,
      path: change.column === undefined ? change.table : `${change.table}.${change.column}`,
      message: `${change.verdict === "compatible" ? "note: " : ""}the migrations of ${name}: ${changeText(change)}`,
    }));
    if (ahead.length > 0) {
      const message = `note: the database of ${name} is ahead of this build, by ${ahead.join(", ")}; what they made stays`;
      findings.push({ verdict: "compatible", ...about, message });
    }
    return findings;
  } catch (thrown) {
    const { data, message, why } = toKerfError(thrown);
    const contradicts = typeof data === "object" && data !== null && "problems" in data;
    return [
      {
        verdict: "incompatible",
        ...about,
        message: `incompatible: the migrations of ${name} fail: ${message}${why === undefined ? "" : ` ${why}`}`,
        // They would fail in the same way on the database itself.
        ...(contradicts ? { final: true } : undefined),
      },
    ];
  }
}

async function sagaFindings(
  databases: Databases,
  { sagas, service: { name } }: BuildDescriptor,
): Promise<GateFinding[]> {
  if (!databases.isProvisioned(name)) return [];
  const unknown = await withConnection(databases.connection(name, "owner"), "kerf/gate", (client) =>
    unknownVersions((text, values) => client.query(text, values), sagas),
  );
  return unknown.map((version) => ({
    verdict: "incompatible",
    about: "saga",
    service: name,
    message: `incompatible: ${name} does not declare ${unknownVersionText(version)}, which are not at their end`,
  }));
}
