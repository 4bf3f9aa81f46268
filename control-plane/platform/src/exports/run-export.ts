import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { build, shortDigest } from "../builds/builder.ts";
import { describeApp } from "../manifest/describe.ts";
import { programs } from "../programs.ts";
import type { EventLog } from "../progress/event-log.ts";
import { composeExport } from "./compose/compose-export.ts";
import type { ExportAnswer, ExportOrder, ExportTarget } from "./export-order.ts";
import type { ExportOptions } from "./export-options.ts";
import { readImages } from "./images/exported-image.ts";
import { withImages } from "./images/with-images.ts";
import { pinnedDigests } from "./pinned-digests.ts";
import { withBroker } from "./read-broker.ts";
import { helmCharts } from "./helm/helm-charts.ts";
import { ClusterApi } from "./kubernetes/cluster-api.ts";
import { deployTo, differences } from "./kubernetes/deploy.ts";
import { clusterSecrets } from "./kubernetes/cluster-secrets.ts";
import { kubernetesExport, type KubernetesExport } from "./kubernetes/kubernetes-export.ts";
import { wantedSecrets } from "./kubernetes/data.ts";
import { deployToMachines, exportToSystemd } from "./machines/run-machines.ts";
import type { KubernetesOptions } from "./kubernetes/kubernetes-options.ts";
import type { Manifest } from "./kubernetes/manifest.ts";
import { toYaml } from "./kubernetes/manifest.ts";
import { writeFiles } from "./write-files.ts";

/** What an export needs around it. */
export interface ExportSurroundings {
  readonly clock: Clock;
  readonly events: EventLog;
}

/** Describes an app, builds what has no tag yet, and writes it down or applies it. Throws what is wrong with it. */
export async function runExport(
  { builds, module, target }: ExportOrder,
  { clock, events }: ExportSurroundings,
): Promise<ExportAnswer> {
  const describe = () => describeApp(programs.describe, module, { forBuild: true });
  // Secrets are of the app, whatever its images are; and what ran before is where it ran.
  const made =
    target.kind === "secrets" || (target.kind === "machines" && target.back !== undefined)
      ? {
          manifest: await events.step("describe", "Reading the app", describe, () => ""),
          builds: [],
        }
      : await build({ module, names: [], out: builds }, { describe, clock, events });
  const buildDigests = new Map(made.builds.map(({ digest, service }) => [service, digest]));
  const { imagesFile } = target.options as ExportOptions;
  const options = {
    namespace: made.manifest.app,
    ...(await withBroker<ExportOptions>(target.options)),
    ...(imagesFile === undefined ? undefined : { images: await readImages(imagesFile) }),
    tags: tagsOf(made.manifest, buildDigests, target.options),
  };
  const manifest = withImages(made.manifest, options.images);
  const digests =
    "pinned" in target.options && target.options.pinned === true
      ? await events.step(
          "digests",
          "Asking for the digests of images",
          () => pinnedDigests(manifest, options as KubernetesOptions),
          (found) => `${Object.keys(found).length} images`,
        )
      : {};
  const pinned = { ...target, options: { ...options, digests } } as ExportTarget;
  const directories = new Map(made.builds.map((one) => [one.service, one.directory]));
  return write(pinned, manifest, { builds: directories, clock, events, module });
}

async function write(
  target: ExportTarget,
  manifest: AppManifest,
  around: ExportSurroundings & {
    /** Folders of builds by service. */
    readonly builds: ReadonlyMap<string, string>;
    readonly module: string;
  },
): Promise<ExportAnswer> {
  if (target.kind === "systemd") return exportToSystemd(manifest, target, around.clock);
  if (target.kind === "machines") return deployToMachines(manifest, target, around);
  if (target.kind === "compose") {
    const { files, given, secrets } = composeExport(manifest, target.options);
    const written = await writeFiles(target.out, { files, given, secrets });
    return { written, notes: composeNotes(secrets) };
  }
  if (target.kind === "secrets")
    return {
      text: await clusterSecrets(manifest, target.options, target.servers),
      written: [],
      notes: [],
    };
  const exported = kubernetesExport(manifest, target.options);
  const notes = secretNotes(manifest, exported, target.options);
  if (target.kind === "deploy") return deploy(exported, target, around);
  if (target.kind === "helm") {
    const files = helmCharts(exported, target.names);
    return { written: await writeFiles(target.out, { files }), notes };
  }
  if (target.out === undefined) return { text: toYaml(allOf(exported)), written: [], notes };
  const files: Record<string, string> = { "00-shared.yaml": toYaml(exported.shared) };
  for (const { manifests, program } of exported.programs)
    files[`${program.name}.yaml`] = toYaml(manifests);
  return { written: await writeFiles(target.out, { files }), notes };
}

async function deploy(
  exported: KubernetesExport,
  { context, dryRun }: Extract<ExportTarget, { kind: "deploy" }>,
  { clock, events }: ExportSurroundings,
): Promise<ExportAnswer> {
  const api = await ClusterApi.open(context === undefined ? {} : { context });
  const changes = await events.step(
    "differences",
    `Asking ${api.server} what would change`,
    () => differences(api, exported),
    (found) =>
      `${found.filter(({ change }) => change !== "same").length} of ${found.length} objects`,
  );
  if (dryRun) return { written: [], notes: [], changes };
  const notes: string[] = [];
  await events.step(
    "deploy",
    "Deploying",
    () =>
      deployTo(api, exported, {
        clock,
        events: {
          applied: (object, warnings) =>
            void notes.push(
              ...warnings.map((one) => `${object.kind} ${object.metadata.name}: ${one}`),
            ),
        },
      }),
    () => `${exported.programs.length} programs`,
  );
  return { written: [], notes, changes };
}

function allOf({ programs: all, shared }: KubernetesExport): Manifest[] {
  return [...shared, ...all.flatMap(({ manifests }) => manifests)];
}

/** The tag of each program: what is named, else its builds'. A gateway without code of its own has the tag of what it serves. */
function tagsOf(
  manifest: AppManifest,
  digests: ReadonlyMap<string, string>,
  { tags = {} }: ExportOptions,
): Record<string, string> {
  const tagOf = (services: readonly string[], also = ""): string => {
    const [one] = services;
    const digest = services.length === 1 && also === "" ? digests.get(one ?? "") : undefined;
    const all = services.map((name) => digests.get(name) ?? "").join() + also;
    return shortDigest(digest ?? createHash("sha256").update(all).digest("hex"));
  };
  return {
    ...Object.fromEntries(
      Object.entries(manifest.units).map(([unit, names]) => [unit, tagOf(names)]),
    ),
    ...Object.fromEntries(
      manifest.gateways.map(({ backend, name }) => [
        `gateway-${name}`,
        backend === undefined ? tagOf([], "gateway") : tagOf([backend.name]),
      ]),
    ),
    ...tags,
  };
}

function secretNotes(
  manifest: AppManifest,
  { programs: all }: KubernetesExport,
  options: Extract<ExportTarget, { kind: "kubernetes" }>["options"],
): string[] {
  const exported = all.map(({ program }) => program);
  const wanted = wantedSecrets(manifest, exported, options);
  if (options.secrets !== "existing") return [];
  const names = wanted.map(({ keys, name }) => `${name} (${keys.join(", ")})`);
  return [`Secrets that it needs: ${names.join("; ")}. kerf export secrets draws them, once.`];
}

function composeNotes(secrets: Readonly<Record<string, string>>): string[] {
  const empty = Object.entries(secrets).filter(([, text]) => text === "");
  return empty.map(([name]) => `Fill ${join("secrets", name)}: nobody else knows it.`);
}
