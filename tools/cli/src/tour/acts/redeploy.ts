import { relative } from "node:path";
import type { ReleaseStatus } from "@kerf/control-api";
import type { Built } from "../../build/run-builder.ts";
import { buildChanged } from "../../changes/deploy.ts";
import { type Act, promised, type Seen, type Stage } from "../act.ts";
import { assertNoneFailed, underLoad } from "../load.ts";
import { inReleasedShop } from "../released-shop.ts";
import { change, readyCopies, unitOf } from "../units.ts";

const service = "payments";
/** How long the new release is watched beside the old one, milliseconds: with some hundred requests meanwhile. */
const watchMs = 3_000;
/** A tour changes no source: a label makes another build of it. The second one is for a shop in which the first one runs already. */
const labels = ["tour", "tour-again"];

type WithSource = Stage & { readonly source: string };

/**
 * Payments are deployed while customers pay, and rolled back. A platform that runs the app from source has no releases to deploy to, since
 * every file that is saved counts there at once; beside such a shop the act plays in a second one, started from releases as `kerf up` does.
 */
export const redeploy: Act = {
  name: "redeploy",
  shows:
    "Payments are built and deployed while customers order: through the gate, beside the old copies, watched, and back again. Only the build's label is new, since a tour changes no source.",
  leftOut: ({ source }) =>
    Promise.resolve(
      source === undefined ? "the shop's source is not here: name its app with --app" : undefined,
    ),
  async play(stage) {
    const { source } = stage;
    promised(source !== undefined, "there is no source to build");
    const here = { ...stage, source };
    const running = await runningRelease(stage);
    if (running !== undefined) return redeployed(here);
    return inReleasedShop(here, redeployed);
  },
};

async function redeployed(stage: WithSource): Promise<Seen> {
  const { connection, signal, visitor } = stage;
  const { client } = connection;
  const found = await runningRelease(stage);
  promised(found !== undefined, `nothing of ${service} is deployed`);
  const before = unitOf(await client.status({}), service);
  const { digest, label } = await otherBuild(stage);
  signal.throwIfAborted();
  const { changed, seen } = await underLoad(visitor, signal, async () => {
    try {
      const deployed = await change(stage, (asked) =>
        client.deploy({ ...asked, builds: { [service]: digest }, watchMs }),
      );
      const after = unitOf(await client.status({}), service);
      const release = await runningRelease(stage);
      promised(release?.builds[service] === digest, "what was deployed does not run");
      const old = readyCopies(after).filter((id) => readyCopies(before).includes(id));
      promised(old.length === 0, `a copy from before still serves: ${old.join(", ")}`);
      return { ms: deployed.ms, release, copies: readyCopies(after) };
    } finally {
      await putBack(stage, found);
    }
  });
  assertNoneFailed(seen);
  await assertConfirmed(stage, seen.orders);
  const unit = before.name;
  return {
    lines: [
      `${unit}@${found.number} → ${unit}@${changed.release.number} in ${(changed.ms / 1_000).toFixed(1)} s, and back`,
      `0 failed of ${seen.requests} requests, there and back; all ${seen.orders.length} orders were confirmed`,
    ],
    again: (kerf) => againIn(stage, label, unit, kerf),
  };
}

/** The shop that this was shown in may be gone: then the commands begin with one that can be deployed to, beside whatever runs. */
function againIn(
  { isLive, source }: WithSource,
  label: string,
  unit: string,
  kerf: (words: string) => string,
): string[] {
  const app = `--app ${relative(process.cwd(), source)}`;
  const deploy = `deploy ${service} ${app} --label ${label} --watch ${watchMs / 1_000}`;
  const commands = [deploy, `releases ${unit}`, `rollback ${unit}`];
  if (isLive) return commands.map(kerf);
  const up = `up ${app} --environment dev --cut ${service} --port 8180 --platform-port 8190`;
  return [up, ...commands, "down"].map((words) => `npx kerf ${words} --home /tmp/released-shop`);
}

/** Builds payments as they are, with a label that what runs has not. */
async function otherBuild(stage: WithSource): Promise<{ digest: string; label: string }> {
  const { connection, json, source } = stage;
  for (const label of labels) {
    const options = { app: source, label, ...(json ? { json } : undefined) };
    const { changed } = await buildChanged(connection, [service], options);
    const [built] = changed as readonly [Built?];
    if (built !== undefined) return { digest: built.digest, label };
  }
  throw new Error(`${labels.length} builds of ${service} have one digest`);
}

/** The release that the unit of payments runs; undefined where it runs from source. */
async function runningRelease({ connection }: Stage): Promise<ReleaseStatus | undefined> {
  const { client } = connection;
  const { name: unit } = unitOf(await client.status({}), service);
  const { releases } = await client.releases({ unit });
  return releases.find(({ running }) => running);
}

/** However far it came: the release that runs now says whether there is something to undo. */
async function putBack(stage: Stage, found: ReleaseStatus): Promise<void> {
  const now = await runningRelease(stage);
  if (now?.number === found.number) return;
  const { number: release, unit } = found;
  await change(stage, (asked) => stage.connection.client.rollback({ ...asked, unit, release }));
}

/** Everybody who ordered gets what was ordered. */
async function assertConfirmed({ signal, visitor }: Stage, ids: readonly string[]): Promise<void> {
  const ended = [];
  for (const id of ids) ended.push(await visitor.ended(id, signal));
  const rejected = ended.filter(({ status }) => status !== "confirmed");
  promised(
    rejected.length === 0,
    `${rejected.length} of ${ids.length} orders were rejected, the first one: ${rejected[0]?.reason}`,
  );
}
