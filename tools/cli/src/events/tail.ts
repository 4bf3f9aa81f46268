import type { TailOptions } from "../commands/events.ts";
import { withPlatform } from "../connection/connect.ts";
import { servicesWithEvents, emits, operate, wantedServices } from "../connection/operate.ts";
import { thoseThatAnswer } from "../connection/those-that-answer.ts";
import { untilInterrupted } from "../connection/until-interrupted.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { eventLine, type ToldEvent } from "./event-line.ts";

/** Pause between two looks while it follows, milliseconds. */
const lookMs = 500;
/** Events of one look at most. */
const most = 1_000;

/** Prints the newest events of one service or of all, and what comes when that is asked for. */
export function tailEvents(name: string | undefined, options: TailOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = wantedServices(await servicesWithEvents(connection), name, emits);
    const names = services.map((service) => service.name);
    const missing = new Set<string>();
    const paint = paintFor(process.stdout);
    const last = new Map<string, string>();
    const look = async (limit: number): Promise<void> => {
      const ask = async (service: string) => {
        const after = last.get(service);
        const events = await operate<ToldEvent[]>(connection, service, "events.tail", {
          limit,
          ...(after === undefined ? undefined : { after }),
        });
        last.set(service, events.at(-1)?.id ?? after ?? "0");
        return events.map((event) => ({ service, event }));
      };
      const found = await thoseThatAnswer(names, ask, missing);
      for (const { service, event } of found
        .flat()
        .sort((a, b) => (a.event.at < b.event.at ? -1 : 1))) {
        if (options.json === true) printJson({ service, ...event });
        else process.stdout.write(`${eventLine(service, event, paint)}\n`);
      }
    };
    await look(options.lines);
    if (options.follow !== true) return;
    await untilInterrupted(async (signal, pause) => {
      for (; !signal.aborted; await pause(lookMs)) await look(most);
    });
  });
}
