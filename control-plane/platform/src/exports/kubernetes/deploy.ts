import { isDeepStrictEqual } from "node:util";
import { type Clock, KerfError } from "@kerf/kernel";
import { programsInOrder } from "../programs-in-order.ts";
import type { ClusterApi } from "./cluster-api.ts";
import type { KubernetesExport } from "./kubernetes-export.ts";
import type { KubernetesObject, Manifest } from "./manifest.ts";
import { rollBack, type RolloutListener, watchJob, watchRollout } from "./rollout.ts";

/** Longest run of migrations and longest rollout of one program, milliseconds. */
const bounds = { migration: 900_000, rollout: 600_000 } as const;

/** What an apply would do to one object. */
export interface ObjectChange {
  readonly kind: string;
  readonly name: string;
  readonly change: "new" | "changed" | "same" | "unknown";
  /** Fields of the spec or of the data that change, as paths. */
  readonly fields: readonly string[];
}

/** What a deploy tells while it is under way. */
export interface DeployEvents {
  readonly applied?: (object: KubernetesObject, warnings: readonly string[]) => void;
  readonly rollout?: RolloutListener;
}

/** What an export would change in a cluster. Changes nothing: the server says what would come of it. */
export async function differences(
  api: ClusterApi,
  manifests: readonly Manifest[],
): Promise<readonly ObjectChange[]> {
  const changes: ObjectChange[] = [];
  for (const { object } of manifests) {
    const about = { kind: object.kind, name: object.metadata.name };
    const before = await api.read<Record<string, unknown>>(object).catch(() => undefined);
    if (before === undefined) {
      changes.push({ ...about, change: "new", fields: [] });
      continue;
    }
    const { body } = await api.apply(object, { dryRun: true });
    const fields = changed(meant(before), meant(body as Record<string, unknown>));
    changes.push({ ...about, change: fields.length === 0 ? "same" : "changed", fields });
  }
  return changes;
}

/**
 * Brings an export into a cluster: what its programs share, then one program after the other, callees before callers: its migrations to their end, then the rest, and
 * waits until its copies are ready. When they do not become so it goes back to the pods of before, and throws why; programs that were done stay.
 */
export async function deployTo(
  api: ClusterApi,
  { programs, shared }: KubernetesExport,
  { clock, events = {} }: { clock: Clock; events?: DeployEvents },
): Promise<void> {
  const apply = async ({ object }: Manifest): Promise<void> => {
    const { warnings } = await api.apply(object);
    events.applied?.(object, warnings);
  };
  for (const one of shared) await apply(one);
  for (const { manifests } of programsInOrder(programs)) {
    const job = manifests.findIndex(({ object }) => object.kind === "Job");
    for (const one of manifests.slice(0, job + 1)) await applyJobOnce(api, one, apply);
    if (job >= 0) {
      const { object } = manifests[job] as Manifest;
      await watchJob(api, object, { boundMs: bounds.migration, clock });
    }
    for (const one of manifests.slice(job + 1)) await apply(one);
    for (const { object } of manifests.filter(({ object: { kind } }) => kind === "Deployment"))
      await roll(api, object, clock, events.rollout);
  }
}

/** Waits for a Deployment; back to its pods of before when it comes to nothing. */
async function roll(
  api: ClusterApi,
  deployment: KubernetesObject,
  clock: Clock,
  listener: RolloutListener | undefined,
): Promise<void> {
  try {
    const options = { boundMs: bounds.rollout, clock };
    await watchRollout(
      api,
      deployment,
      listener === undefined ? options : { ...options, listener },
    );
  } catch (cause) {
    const to = await rollBack(api, deployment);
    if (!(cause instanceof KerfError)) throw cause;
    throw new KerfError(cause.code, {
      ...cause.toShape(),
      fix: `${to === undefined ? "There is nothing to go back to." : `It was rolled back to its revision ${to}.`} ${cause.fix ?? ""}`,
      cause,
    });
  }
}

/** A Job cannot change; one of the same name has the same work. */
async function applyJobOnce(
  api: ClusterApi,
  one: Manifest,
  apply: (one: Manifest) => Promise<void>,
): Promise<void> {
  if (one.object.kind === "Job" && (await api.read(one.object)) !== undefined) return;
  await apply(one);
}

/** What of an object is decided by those that write it. */
function meant({ data, metadata, rules, spec }: Record<string, unknown>): Record<string, unknown> {
  const { labels } = (metadata ?? {}) as { labels?: unknown };
  return { data, labels, rules, spec };
}

function changed(before: unknown, after: unknown, path = ""): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  const isBranch = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (!isBranch(before) || !isBranch(after)) return [path];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    changed(before[name], after[name], path === "" ? name : `${path}.${name}`),
  );
}
