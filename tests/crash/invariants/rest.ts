import type { Databases } from "./found.ts";
import type { ServiceName } from "../app/services.ts";

/** Who follows whose log. */
const follows: readonly (readonly [consumer: ServiceName, producer: ServiceName])[] = [
  ["audit", "wallet"],
  ["mirror", "wallet"],
  ["billing", "wallet"],
];

/** What is still going on in a run; undefined when everything has come to its end. */
export async function unrest(databases: Databases): Promise<string | undefined> {
  for (const service of ["shop", "billing"] as const) {
    const sagas = await databases.rows<{ id: string; state: string }>(
      service,
      "select id, state from kerf.saga where state in ('running', 'undoing')",
    );
    if (sagas.length > 0)
      return sagas.map(({ id, state }) => `the saga ${id} is ${state}`).join(", ");
  }
  for (const [consumer, producer] of follows) {
    if (!databases.has(consumer)) continue;
    const heads = await databases.rows<{ shard: number; head: string }>(
      producer,
      "select shard, max(id)::text as head from kerf.event group by shard",
    );
    const marks = await databases.rows<{ shard: number; watermark: string }>(
      consumer,
      "select shard, watermark::text as watermark from kerf.consumer_shard where producer = $1 and not building",
      [producer],
    );
    const behind = heads.filter(({ shard, head }) => {
      const mark = marks.find((row) => row.shard === shard)?.watermark ?? "0";
      return BigInt(mark) < BigInt(head);
    });
    if (behind.length > 0)
      return `${consumer} has not applied shard ${behind.map(({ shard }) => shard).join(", ")} of ${producer}`;
  }
  return undefined;
}
