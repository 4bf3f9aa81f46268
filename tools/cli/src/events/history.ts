import type { EventsOptions } from "../commands/events.ts";
import { withPlatform } from "../connection/connect.ts";
import { type DeclaredService, servicesWithEvents, emits, operate } from "../connection/operate.ts";
import { thoseThatAnswer } from "../connection/those-that-answer.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { eventLine, type ToldEvent } from "./event-line.ts";

/** Prints what happened under a key in all services, by time. */
export function showHistory(asked: string, options: EventsOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = (await servicesWithEvents(connection)).filter(emits);
    const { field, key } = splitKey(asked, services);
    const contracts = new Map(services.map(({ contract, name }) => [name, contract]));
    const found = await thoseThatAnswer([...contracts.keys()], async (service) => {
      const events = await operate<ToldEvent[]>(connection, service, "events.history", { key });
      const keyOf = (event: string) => contracts.get(service)?.events[event]?.key;
      return events
        .filter((event) => field === undefined || keyOf(event.name) === field)
        .map((event) => ({ service, ...event }));
    });
    const all = found.flat().sort((a, b) => (a.at < b.at ? -1 : 1));
    const paint = paintFor(process.stdout);
    if (options.json === true) printJson(all);
    else if (all.length === 0) process.stdout.write(`No service has an event under ${key}.\n`);
    else
      for (const event of all) process.stdout.write(`${eventLine(event.service, event, paint)}\n`);
  });
}

/** `order:17` asks for events that are ordered by `order` or `orderId`; anything else is a key as it stands. */
function splitKey(
  asked: string,
  services: readonly DeclaredService[],
): { field?: string; key: string } {
  const [, name, key] = /^([A-Za-z]\w*):(.+)$/s.exec(asked) ?? [];
  if (name === undefined || key === undefined) return { key: asked };
  const fields = services.flatMap(({ contract }) =>
    Object.values(contract.events).map((event) => event.key),
  );
  const field = [`${name}Id`, name].find((each) => fields.includes(each));
  return field === undefined ? { key: asked } : { field, key };
}
