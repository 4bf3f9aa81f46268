import { isDeepStrictEqual } from "node:util";
import { type Clock, delay, KerfError } from "@kerf/kernel";
import { programsInOrder } from "../programs-in-order.ts";
import type { ClusterApi } from "./cluster-api.ts";
import { keepCopies } from "./kept-copies.ts";
import type { KubernetesExport } from "./kubernetes-export.ts";
import { leftovers, takeAway } from "./leftovers.ts";
import type { KubernetesObject } from "./manifest.ts";
import {
  type JobObject,
  jobState,
  rollBack,
  type RolloutListener,
  watchJob,
  watchRollout,
} from "./rollout.ts";
import { widened } from "./widened-policy.ts";

/** Longest run of migrations, longest wait for certificates, longest rollout of one program, longest way back, and how long a Job may take to go, milliseconds. */
const bounds = {
  migration: 900_000,
  certificates: 300_000,
  rollout: 600_000,
  back: 120_000,
  gone: 60_000,
} as const;
/** Objects that a cluster is asked for at once. */
const askedAtOnce = 8;
/** How often a Job that is to go is looked for, milliseconds. */
const lookMs = 200;

/** What an apply would do to one object. */
export interface ObjectChange {
  readonly kind: string;
  readonly name: string;
  readonly change: "new" | "changed" | "same" | "gone";
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
  exported: KubernetesExport,
): Promise<readonly ObjectChange[]> {
  const { programs, shared } = exported;
  const manifests = [...shared, ...programs.flatMap((each) => each.manifests)];
  const changes: ObjectChange[] = [];
  for (let at = 0; at < manifests.length; at += askedAtOnce) {
    const some = manifests.slice(at, at + askedAtOnce);
    changes.push(...(await Promise.all(some.map(({ object }) => difference(api, object)))));
  }
  for (const { kind, metadata } of await leftovers(api, exported))
    changes.push({ kind, name: metadata.name, change: "gone", fields: [] });
  return changes;
}

async function difference(api: ClusterApi, object: KubernetesObject): Promise<ObjectChange> {
  const about = { kind: object.kind, name: object.metadata.name };
  const before = await api.read<Record<string, unknown>>(object).catch((error: unknown) => {
    // A kind that nobody knows yet; applying it says so.
    if (error instanceof KerfError && error.code === "not_found") return undefined;
    throw error;
  });
  if (before === undefined) return { ...about, change: "new", fields: [] };
  const { body } = await api.apply(object, { dryRun: true });
  const fields = changed(meant(before), meant(body as Record<string, unknown>));
  return { ...about, change: fields.length === 0 ? "same" : "changed", fields };
}

/**
 * Brings an export into a cluster: what its programs share, certificates of its own authority among it, then one program after the other, callees before callers: its migrations to their end, then the rest, and
 * waits until its copies are ready; only then requests are sent to them by a route. When they do not become so it goes back to the pods of before, and throws why;
 * programs that were done stay. In the end what the app no longer has is taken away.
 */
export async function deployTo(
  api: ClusterApi,
  exported: KubernetesExport,
  { clock, events = {} }: { clock: Clock; events?: DeployEvents },
): Promise<void> {
  const { programs, shared } = exported;
  const later: KubernetesObject[] = [];
  const apply = async (object: KubernetesObject): Promise<void> => {
    await keepCopies(api, object);
    const { warnings } = await api.apply(object);
    events.applied?.(object, warnings);
  };
  const applyWidely = async (object: KubernetesObject): Promise<void> => {
    const wide = await widened(api, object);
    if (wide !== undefined) later.push(object);
    await apply(wide ?? object);
  };
  for (const { object } of shared) {
    if (object.kind !== "Job") await applyWidely(object);
    else {
      await applyJobOnce(api, object, { apply, clock });
      await watchJob(api, object, { boundMs: bounds.certificates, clock, work: "certificates" });
    }
  }
  for (const { manifests } of programsInOrder(programs)) {
    const objects = manifests.map(({ object }) => object);
    const of = (kind: string) => objects.filter((object) => object.kind === kind);
    const [job] = of("Job");
    const before = job === undefined ? -1 : objects.indexOf(job);
    if (job !== undefined) {
      for (const object of objects.slice(0, before)) await applyWidely(object);
      await applyJobOnce(api, job, { apply, clock });
      await watchJob(api, job, { boundMs: bounds.migration, clock, work: "migrations" });
    }
    for (const object of objects.slice(before + 1))
      if (object.kind !== "HTTPRoute") await applyWidely(object);
    for (const object of of("Deployment")) await roll(api, object, clock, events.rollout);
    for (const object of of("HTTPRoute")) await apply(object);
  }
  // Nobody of the release before is left.
  for (const object of later) await apply(object);
  await takeAway(api, await leftovers(api, exported), clock);
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
    if (!(cause instanceof KerfError) || cause.code !== "start_failed") throw cause;
    const back = await goBack(api, deployment, clock);
    throw new KerfError(cause.code, {
      ...cause.toShape(),
      fix: `${back} ${cause.fix ?? ""}`,
      cause,
    });
  }
}

/** Goes back and waits for it. Says how that went. */
async function goBack(
  api: ClusterApi,
  deployment: KubernetesObject,
  clock: Clock,
): Promise<string> {
  const to = await rollBack(api, deployment);
  if (to === undefined) return "There is nothing to go back to.";
  return watchRollout(api, deployment, { boundMs: bounds.back, clock }).then(
    () => `It was rolled back to its revision ${to}.`,
    () => `It is being rolled back to its revision ${to}, and not all of its copies are ready.`,
  );
}

/** A Job cannot change; one of the same name has the same work. One that failed is made anew: what it failed of may be mended. */
async function applyJobOnce(
  api: ClusterApi,
  job: KubernetesObject,
  { apply, clock }: { apply: (object: KubernetesObject) => Promise<void>; clock: Clock },
): Promise<void> {
  const there = await api.read<JobObject>(job);
  if (there !== undefined) {
    if (jobState(there).broken === undefined) return;
    await api.remove(job);
    const until = clock.now() + bounds.gone;
    while ((await api.read(job)) !== undefined && clock.now() < until) await delay(clock, lookMs);
  }
  await apply(job);
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
