import { type Contract, event, schemaFrom } from "@kerf/contract";
import type { EventArgs } from "./subscription.ts";
import { Service } from "./service.ts";

/** Events of an image of somebody else, which has no contract of its own: they are said where it is deployed. */
export interface ImageEvents {
  /** Those that its program is sent, each `service.event`. */
  readonly follows: readonly string[];
  /** Those that it emits, each with the field that orders it. */
  readonly emits: Readonly<Record<string, string>>;
}

/** Hands an event to the program; resolves when that has applied it. */
export type DeliverEvent = (
  producer: string,
  name: string,
  args: EventArgs<any, any, any>,
) => Promise<void>;

/** The version of a contract that is not there. */
const noVersion = "0.0.0";
/** Of a copy that does nothing with its database but read and mark events. */
const connections = 2;
/** What a program without a contract says of an event: that it is an object. Its producer has checked it. */
const anyObject = schemaFrom({ type: "object" }, objectOf);

/** An image as the runtime knows a service: it has events, a database in which it is kept how far it is, and nothing else. */
export function imageService(
  image: string,
  { emits, follows }: ImageEvents,
  deliver: DeliverEvent,
): Service {
  const service = new Service(contractOf(image, emits), {
    owner: image,
    // Its tables are the platform's; none are its own.
    database: { kind: "postgres", server: "main", migrations: "", connections },
  });
  service.implement({});
  for (const [producer, events] of byProducer(follows)) {
    const apply = (name: string) => (args: EventArgs<any, any, any>) =>
      deliver(producer, name, args);
    const followed = contractOf(producer, Object.fromEntries(events.map((name) => [name, ""])));
    service.on(followed, Object.fromEntries(events.map((name) => [name, apply(name)])));
  }
  return service;
}

/** `service.event` by the service. */
export function byProducer(follows: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const one of follows) {
    const [producer = "", name = ""] = one.split(".");
    found.set(producer, [...(found.get(producer) ?? []), name]);
  }
  return found;
}

/** A contract of events alone. */
function contractOf(name: string, events: Readonly<Record<string, string>>): Contract {
  return {
    type: "contract",
    name,
    version: noVersion,
    operations: {},
    events: Object.fromEntries(
      Object.entries(events).map(([one, key]) => [one, event({ schema: anyObject, key })]),
    ),
  };
}

function objectOf(value: unknown): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new TypeError("an event is an object");
}
