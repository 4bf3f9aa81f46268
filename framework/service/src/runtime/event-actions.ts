import { ModelFollower, ParkedKeys, relayStates, replay } from "@kerf/events";
import { KerfError } from "@kerf/kernel";
import type { BoundService } from "./bound-service.ts";
import type { Follower } from "./consumers.ts";
import { type OperatorAction, type OperatorActions, textOf } from "./operate.ts";

/** Bound of a look at a consumer's positions, milliseconds. */
const statementMs = 5_000;

/** A consumer's position in one shard of a producer's log. */
interface Position {
  readonly producer: string;
  readonly building: boolean;
  readonly generation: number;
  readonly shard: number;
  readonly watermark: string;
  readonly owner: string | null;
}

/** What operators may ask of a service's events: of its own log, and of what it follows. */
export function eventActions(bound: BoundService): OperatorActions {
  return { ...logActions(bound), ...consumerActions(bound) };
}

function logActions(bound: BoundService): Record<string, OperatorAction> {
  const { events } = bound;
  if (events === undefined) return {};
  const { inspector } = events;
  return {
    "events.log": async () => ({
      ...(await inspector.state()),
      relays: await relayStates(bound.database, bound.clock),
    }),
    "events.behind": (input) => inspector.behind(input["after"] as Record<number, string>),
    "events.tail": (input) =>
      inspector.tail(input["after"] as string | undefined, Number(input["limit"] ?? 100)),
    "events.history": (input) => inspector.history(textOf(input, "key")),
    "events.before": (input) => inspector.before(textOf(input, "time")),
  };
}

function consumerActions(bound: BoundService): Record<string, OperatorAction> {
  if (bound.service.subscriptions.size === 0) return {};
  // Made when it is asked for: who never looks needs none.
  const parked = (): ParkedKeys => new ParkedKeys(bound.database, bound.clock);
  return {
    "events.positions": () => positions(bound),
    "events.parked": () => parked().list(),
    async "events.resolve"(input) {
      const producer = textOf(input, "producer");
      const follower = followerOfProducer(bound, producer);
      return parked().resolve(producer, textOf(input, "key"), follower.apply);
    },
    async "events.skip"(input) {
      const [producer, key, id, note] = ["producer", "key", "id", "note"].map((name) =>
        textOf(input, name),
      );
      await parked().skip(producer as string, key as string, id as string, note as string);
      return {};
    },
    async "events.replay"(input) {
      const producer = textOf(input, "producer");
      const follower = followerOfProducer(bound, producer);
      if (follower instanceof ModelFollower) {
        await follower.rebuild();
        return { rebuilding: true };
      }
      const generation = await replay(bound, producer, textOf(input, "after"));
      follower.beatSoon();
      return { rebuilding: false, generation };
    },
  };
}

async function positions({
  brokerReaders,
  clock,
  database,
}: BoundService): Promise<readonly unknown[]> {
  const { raw } = database.reads({ deadline: clock.now() + statementMs });
  const [shards, models] = await Promise.all([
    raw.query<Position>(
      `select producer, building, generation, shard, watermark::text as watermark,
          case when leased_until > now() then owner end as owner
        from kerf.consumer_shard order by producer, building, shard`,
    ),
    raw.query<{ producer: string; state: string; failure: string | null }>(
      "select producer, state, failure from kerf.read_model",
    ),
  ]);
  return [
    ...Map.groupBy(shards.rows, ({ producer, building }) => `${producer} ${building}`).values(),
  ].map((rows) => {
    const { producer, building, generation } = rows[0] as Position;
    const model = models.rows.find((each) => each.producer === producer);
    return {
      producer,
      building,
      generation,
      after: Object.fromEntries(rows.map(({ shard, watermark }) => [shard, watermark])),
      owners: [...new Set(rows.flatMap(({ owner }) => owner ?? []))],
      unowned: rows.filter(({ owner }) => owner === null).length,
      // Of this instance, since it began.
      ...(!building && { read: brokerReaders.get(producer)?.counts }),
      ...(model && { model: { state: model.state, failure: model.failure } }),
    };
  });
}

function followerOfProducer(bound: BoundService, producer: string): Follower {
  const follower = bound.followers.get(producer);
  if (follower !== undefined) return follower;
  throw new KerfError("not_found", {
    message: `${bound.name} does not follow the events of ${JSON.stringify(producer)}.`,
    fix: `Give one of: ${[...bound.followers.keys()].join(", ")}`,
  });
}
