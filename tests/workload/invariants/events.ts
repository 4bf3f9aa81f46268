import type { Finding, Invariant } from "./invariant.ts";

interface Told {
  key: string;
  what: string[];
}

/** Every fact was said once, and every consumer did with it what it does, once, in the order of its key. */
export const events: Invariant = async ({ sql }) => {
  const ended = await sql<Told>(
    "orders",
    "select key, array_agg(payload->>'status' order by id) as what from kerf.event where name = 'ended' group by key",
  );
  const bumped = await sql<Told>(
    "counters",
    "select key, array_agg(payload->>'n' order by id) as what from kerf.event where name = 'bumped' group by key",
  );
  const orders = await sql<Told>(
    "orders",
    "select id::text as key, array[status::text] as what from orders where status in ('confirmed', 'rejected')",
  );
  const counted = await sql<Told>(
    "counters",
    "select name as key, array_agg(n::text order by n) as what from bumps group by name",
  );
  const messages = await sql<Told>(
    "notifications",
    "select order_id as key, array_agg(replace(kind, 'order-', '') order by id) as what from messages group by 1",
  );
  const seen = (producer: string): Promise<Told[]> =>
    sql<Told>(
      "witness",
      "select key, array_agg(what order by at) as what from seen where producer = $1 group by key",
      [producer],
    );
  return [
    compare("every ended order was said once, as it ended", orders, ended),
    compare("every bump was said once, in order", counted, bumped),
    compare("notifications told of every ended order once", ended, messages),
    compare("the witness saw every ended order once", ended, await seen("orders")),
    compare("the witness saw every bump once, in order", bumped, await seen("counters")),
  ];
};

/** Both hold the same for the same keys; what is repeated or out of order is told by the first place where they part. */
function compare(holds: string, wanted: readonly Told[], found: readonly Told[]): Finding {
  const rest = new Map(found.map(({ key, what }) => [key, what]));
  const violations: unknown[] = [];
  for (const { key, what } of wanted) {
    const other = rest.get(key) ?? [];
    rest.delete(key);
    const length = Math.max(what.length, other.length);
    for (let i = 0; i < length; i += 1) {
      if (what[i] === other[i]) continue;
      const from = Math.max(0, i - 2);
      violations.push({
        key,
        at: i,
        wanted: what.slice(from, i + 4),
        found: other.slice(from, i + 4),
      });
      break;
    }
  }
  for (const [key, what] of rest) violations.push({ key, wanted: [], found: what.slice(0, 4) });
  return { holds, checked: wanted.reduce((sum, { what }) => sum + what.length, 0), violations };
}
