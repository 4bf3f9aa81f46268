import type { EventsOptions, SkipOptions } from "../commands/events.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { servicesWithEvents, follows, operate, wantedServices } from "../connection/operate.ts";
import { thoseThatAnswer } from "../connection/those-that-answer.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

interface Parked {
  readonly producer: string;
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly error: string | null;
  readonly parkedAt: string;
  readonly events: number;
}

interface Resolved {
  readonly applied: number;
  readonly failed?: { readonly id: string; readonly error: string };
}

/** Prints the keys that wait for somebody. */
export function showParked(name: string | undefined, options: EventsOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = wantedServices(await servicesWithEvents(connection), name, follows);
    const followers = services.filter(follows).map((service) => service.name);
    const found = await thoseThatAnswer(followers, async (service) => {
      const parked = await operate<Parked[]>(connection, service, "events.parked");
      return parked.map((each) => ({ service, ...each }));
    });
    const all = found.flat();
    if (options.json === true) printJson(all);
    else if (all.length === 0) process.stdout.write("Nothing is parked.\n");
    else {
      const rows = all.map(({ service, producer, key, id, name: event, error, events }) => [
        service,
        `${producer}.${event}`,
        printable(key),
        id,
        String(events),
        printable((error ?? "").split("\n")[0] ?? ""),
      ]);
      const titles = ["CONSUMER", "EVENT", "KEY", "ID", "WAITING", "ERROR"];
      process.stdout.write(
        `${table(
          titles.map((title) => ({ title })),
          rows,
        )}\n`,
      );
    }
  });
}

/** Applies what is parked under a key. */
export function resolveParked(
  consumer: string,
  producer: string,
  key: string,
  options: EventsOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    print(await resolve(connection, consumer, producer, key), options);
  });
}

/** Passes over one event, and applies what is behind it. */
export function skipParked(
  consumer: string,
  producer: string,
  key: string,
  id: string,
  options: SkipOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    await operate(connection, consumer, "events.skip", { producer, key, id, note: options.note });
    const left = await operate<Parked[]>(connection, consumer, "events.parked");
    const behind = left.some((each) => each.producer === producer && each.key === key);
    print(behind ? await resolve(connection, consumer, producer, key) : { applied: 0 }, options);
  });
}

function resolve(
  connection: Connection,
  consumer: string,
  producer: string,
  key: string,
): Promise<Resolved> {
  return operate<Resolved>(connection, consumer, "events.resolve", { producer, key });
}

function print(resolved: Resolved, { json }: EventsOptions): void {
  const { applied, failed } = resolved;
  if (failed !== undefined) process.exitCode = 1;
  if (json === true) return printJson(resolved);
  const events = applied === 1 ? "1 event was" : `${applied} events were`;
  process.stdout.write(`${events} applied.\n`);
  if (failed !== undefined)
    process.stdout.write(`Event ${failed.id} still fails: ${printable(failed.error)}\n`);
}
