import type { EventsOptions } from "../commands/events.ts";
import { withPlatform } from "../connection/connect.ts";
import { servicesWithEvents, follows, operate, wantedServices } from "../connection/operate.ts";
import { thoseThatAnswer } from "../connection/those-that-answer.ts";
import { printJson } from "../output/json.ts";
import { table } from "../output/table.ts";

interface Position {
  readonly producer: string;
  readonly building: boolean;
  readonly generation: number;
  readonly after: Readonly<Record<number, string>>;
  readonly owners: readonly string[];
  readonly unowned: number;
  /** Where a broker carries events: how many the instance that answers has read from it, and how many from the log. */
  readonly read?: { readonly fromBroker: number; readonly fromLog: number };
  readonly model?: { readonly state: string; readonly failure: string | null };
}

interface Log {
  readonly head: string;
  readonly last: string;
  readonly blockedBy: {
    readonly pid: number;
    readonly database: string | null;
    readonly role: string | null;
  } | null;
  /** Where the log is published to. */
  readonly relays?: readonly Relay[];
}

interface Relay {
  readonly destination: string;
  readonly owner: string | null;
  readonly waiting: number;
}

interface Behind {
  readonly events: number;
  readonly since: string | null;
}

/** Prints how far each consumer is behind. */
export function showLag(name: string | undefined, options: EventsOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = wantedServices(await servicesWithEvents(connection), name, follows);
    const followers = services.filter(follows).map((service) => service.name);
    const lags = await thoseThatAnswer(followers, async (service) => {
      const positions = await operate<Position[]>(connection, service, "events.positions");
      return Promise.all(
        positions.map(async ({ after, ...position }) => ({
          service,
          ...position,
          ...(await operate<Behind>(connection, position.producer, "events.behind", { after })),
          log: await operate<Log>(connection, position.producer, "events.log"),
        })),
      );
    });
    const all = lags.flat();
    if (options.json === true) printJson(all);
    else process.stdout.write(`${lagText(all)}\n`);
  });
}

type Lag = Omit<Position, "after"> & Behind & { readonly service: string; readonly log: Log };

function lagText(all: readonly Lag[]): string {
  if (all.length === 0) return "No service follows another.";
  const brokered = all.some(({ read }) => read !== undefined);
  const rows = all.map((lag) => [
    lag.service,
    lag.producer,
    String(lag.events),
    lag.since?.slice(0, 19) ?? "–",
    String(lag.generation),
    lag.owners.length === 0 ? "nobody" : lag.owners.join(", "),
    lag.building ? "being built" : (lag.model?.failure ?? lag.model?.state ?? ""),
    ...(brokered ? [count(lag.read?.fromBroker), count(lag.read?.fromLog)] : []),
  ]);
  const titles = [
    "CONSUMER",
    "FOLLOWS",
    "BEHIND",
    "SINCE",
    "GENERATION",
    "INSTANCES",
    "READ MODEL",
    ...(brokered ? ["FROM BROKER", "FROM LOG"] : []),
  ];
  const held = all
    .filter(({ log }) => log.blockedBy !== null)
    .map(
      ({ producer, log }) =>
        `The log of ${producer} is final up to ${log.head} of ${log.last}: process ${log.blockedBy?.pid} of database ${log.blockedBy?.database ?? "?"} (${log.blockedBy?.role ?? "?"}) has a transaction open.`,
    );
  const publishing = all.flatMap(({ producer, log }) =>
    (log.relays ?? []).map(
      ({ destination, owner, waiting }) =>
        `${producer} publishes to ${destination} from ${owner ?? "no instance"}; ${waiting} ${waiting === 1 ? "event is" : "events are"} not there yet.`,
    ),
  );
  return [
    table(
      titles.map((title) => ({ title, ...(title === "BEHIND" && { align: "right" as const }) })),
      rows,
    ),
    ...new Set([...publishing, ...held]),
  ].join("\n");
}

function count(events: number | undefined): string {
  return events === undefined ? "" : String(events);
}
