import type { GateFinding } from "@kerf/control-api";
import { manifestOfBuild } from "@kerf/service/builds";
import { toKerfError } from "@kerf/kernel";
import type { Deployment } from "../placement/deployment.ts";
import type { ReleaseStore } from "../releases/release-store.ts";
import type { Plan } from "../rollouts/change.ts";
import type { Settings } from "../settings/settings.ts";

/** What services of a change need and nobody has set, in the versions of the settings that they would be started with. */
export async function settingsFindings(
  settings: Settings,
  store: ReleaseStore,
  { released }: Deployment,
  plan: Pick<Plan, "builds" | "kind" | "settings">,
): Promise<GateFinding[]> {
  const findings: GateFinding[] = [];
  for (const [name, digest] of Object.entries(plan.builds ?? {})) {
    const build = store.open(digest);
    // A gateway's backend has none.
    if (build.descriptor.kind === "backend") continue;
    // One that waits already and stays as it is takes nothing from anybody.
    const waits = settings.problemOf(name) !== undefined;
    if (waits && released?.builds[name] === digest) continue;
    const none = { config: 0, secrets: 0 };
    const versions = plan.settings?.[name] ?? released?.settings[name] ?? none;
    const isNew = released?.builds[name] !== digest && plan.kind === "deploy";
    findings.push(
      ...(await settings.lack(name, manifestOfBuild(build), versions, isNew).then(
        (lack) => (lack === undefined ? [] : [findingOf(name, lack.problems, lack.commands)]),
        (thrown: unknown) => {
          const { fix, message } = toKerfError(thrown);
          return [findingOf(name, [message], fix === undefined ? [] : [fix])];
        },
      )),
    );
  }
  return findings;
}

function findingOf(
  service: string,
  problems: readonly string[],
  commands: readonly string[],
): GateFinding {
  const how = commands.length === 0 ? "" : ` (${commands.join(", then ")})`;
  return {
    verdict: "incompatible",
    about: "settings",
    service,
    message: `${service} would not start: ${problems.join("; ")}${how}`,
    final: true,
  };
}
