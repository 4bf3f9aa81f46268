import { type ConnectionConfig, ServiceDatabase } from "@kerf/data";

/** Sent with one statement, by every side. */
export const perSend = 100;
/** What the handler of every side fills, one row an event. */
export const handledTable =
  "create table public.handled (id text primary key, quantity int not null)";

/** What every side is sent. */
export function payloadOf(n: number): { id: string; sku: number; quantity: number } {
  return { id: `order ${n}`, sku: n % 1_000, quantity: n % 9 };
}

/**
 * Sends events one batch after the other while they are handled; events per second from the first one sent to the last row that can be
 * seen. What comes first, a twentieth, warms both sides up.
 */
export async function measure(
  connection: ConnectionConfig,
  events: number,
  send: (from: number) => Promise<void>,
): Promise<number> {
  const database = new ServiceDatabase({ connection, service: "bench", instance: "measure" });
  const handled = async (): Promise<number> => {
    const { raw } = database.reads({ deadline: performance.now() + 60_000 });
    const { rows } = await raw.query<{ n: number }>("select count(*)::int as n from handled");
    return rows[0]?.n ?? 0;
  };
  const until = async (wanted: number): Promise<void> => {
    const end = performance.now() + 120_000;
    while ((await handled()) < wanted) {
      if (performance.now() > end) throw new Error(`only ${await handled()} of ${wanted} came`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const warm = Math.ceil(events / 20 / perSend) * perSend;
  try {
    for (let n = 0; n < warm; n += perSend) await send(n);
    await until(warm);
    const since = performance.now();
    for (let n = warm; n < warm + events; n += perSend) await send(n);
    await until(warm + events);
    return events / ((performance.now() - since) / 1_000);
  } finally {
    await database.close();
  }
}
