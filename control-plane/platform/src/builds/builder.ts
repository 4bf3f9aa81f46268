import { dirname } from "node:path";
import { type Clock, KerfError } from "@kerf/kernel";
import type { AppManifest, ManifestService } from "@kerf/service";
import type { BuildDescriptor } from "@kerf/service/builds";
import type { EventLog } from "../progress/event-log.ts";
import { buildService } from "./build-service.ts";
import { sourceRevision } from "./source-revision.ts";
import { BuildStore } from "./store.ts";

/** What is said of a build that was made. */
export interface BuildReport {
  readonly service: string;
  readonly kind: BuildDescriptor["kind"];
  readonly version: string;
  readonly digest: string;
  /** Absolute path. */
  readonly directory: string;
  /** Whether the same build was there before. */
  readonly unchanged: boolean;
  /** Of all of its files. */
  readonly bytes: number;
  readonly files: number;
  readonly migrations: number;
  readonly notes: readonly string[];
}

/** What is built, and where it is kept. */
export interface BuildRequest {
  /** Absolute path of the app's module, or of one service's. */
  readonly module: string;
  /** Services, backends, and `gateway:NAME` for the backend of one; empty: all. */
  readonly names: readonly string[];
  /** Absolute path of the folder of all builds. */
  readonly out: string;
  /** What sets the builds apart from others of the same code. */
  readonly label?: string | undefined;
}

/** Describes an app and builds what of it is asked for, one after the other. Throws what went wrong with the first that cannot be built. */
export async function build(
  { label, module, names, out }: BuildRequest,
  around: { describe: () => Promise<AppManifest>; clock: Clock; events: EventLog },
): Promise<{ builds: BuildReport[]; manifest: AppManifest }> {
  const { clock, events } = around;
  const manifest = await events.step(
    "describe",
    "Reading the app",
    around.describe,
    (read) => `${read.services.length} ${read.services.length === 1 ? "service" : "services"}`,
  );
  const wanted = chosen(manifest, names);
  const roots = rootsOf(manifest, module);
  const store = new BuildStore(out, clock);
  const source = await sourceRevision(dirname(module));
  const said = {
    ...(source === undefined ? undefined : { source }),
    ...(label === undefined ? undefined : { label }),
  };
  const reports: BuildReport[] = [];
  for (const { service, kind } of wanted) {
    const work = async (): Promise<BuildReport> => {
      const made = await buildService(service, kind, said, roots);
      const kept = await store.keep(made.descriptor, made.content);
      return reportOf(made.descriptor, kept.build.directory, kept.unchanged, made.notes);
    };
    const title = `Building ${service.name}`;
    reports.push(await events.step(`build ${service.name}`, title, work, outcome));
  }
  return { builds: reports, manifest };
}

/** The first digits of a digest, by which people know it. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

function outcome({ digest, bytes, unchanged }: BuildReport): string {
  return `${shortDigest(digest)}  ${unchanged ? "unchanged" : `${Math.ceil(bytes / 1024)} KiB`}`;
}

interface Wanted {
  readonly service: ManifestService;
  readonly kind: BuildDescriptor["kind"];
}

/** What the root modules of an app are, by absolute path. */
function rootsOf({ services, gateways }: AppManifest, app: string): Map<string, string> {
  const backends = gateways.flatMap(({ backend }) => (backend === undefined ? [] : [backend]));
  const all = [...services, ...backends].flatMap(({ module, name }): [string, string][] =>
    module === undefined ? [] : [[module, name]],
  );
  return new Map([[app, "the app"], ...all]);
}

/** A gateway is named so; what is built of it is its backend, when it has one. */
const gatewayPrefix = "gateway:";

function chosen({ services, gateways }: AppManifest, names: readonly string[]): Wanted[] {
  const all = new Map<string, Wanted>();
  for (const service of services) all.set(service.name, { service, kind: "service" });
  for (const { backend } of gateways)
    if (backend !== undefined) all.set(backend.name, { service: backend, kind: "backend" });
  const doors = names.filter((name) => name.startsWith(gatewayPrefix));
  const backends = doors.map((name) => {
    const gateway = gateways.find((each) => `${gatewayPrefix}${each.name}` === name);
    return gateway === undefined ? name : gateway.backend?.name;
  });
  const meant = [
    ...names.filter((name) => !name.startsWith(gatewayPrefix)),
    ...backends.filter((name) => name !== undefined),
  ];
  const unknown = meant.filter((name) => !all.has(name));
  if (unknown.length > 0) {
    throw new KerfError("invalid_configuration", {
      message: `There is no ${unknown.map((name) => JSON.stringify(name)).join(" and no ")} to build.`,
      why: `The services and backends of gateways are ${[...all.keys()].join(", ")}.`,
      fix: "Name some of these, or none for all of them.",
    });
  }
  return [...all.values()].filter(
    ({ service: { name } }) => names.length === 0 || meant.includes(name),
  );
}

function reportOf(
  { kind, digest, files, migrations, service }: BuildDescriptor,
  directory: string,
  unchanged: boolean,
  notes: readonly string[],
): BuildReport {
  return {
    service: service.name,
    kind,
    version: service.contract.version,
    digest,
    directory,
    unchanged,
    bytes: Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0),
    files: Object.keys(files).length,
    migrations: migrations.length,
    notes,
  };
}
