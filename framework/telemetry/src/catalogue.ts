/** Which side of a hop a span is (OpenTelemetry's span kinds). */
export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

/** What an attribute says. */
export interface AttributeMeaning {
  readonly type: "string" | "number";
  /** Of a number, as UCUM writes it; `1` for one that only counts. */
  readonly unit?: string;
  readonly meaning: string;
}

/**
 * Every attribute of a span that the platform itself records. Names and meanings of those without `kerf.` are OpenTelemetry's
 * semantic conventions (https://opentelemetry.io/docs/specs/semconv/).
 */
export const spanAttributes = {
  "http.request.method": {
    type: "string",
    meaning: "method of the request; `_OTHER` for one that HTTP does not name",
  },
  "http.route": {
    type: "string",
    meaning: "template of the route that answered; paths themselves hold ids and are not recorded",
  },
  "http.response.status_code": {
    type: "number",
    unit: "1",
    meaning: "status of the answer; 499 when the client left before it",
  },
  "rpc.system": { type: "string", meaning: "`kerf`" },
  "rpc.service": { type: "string", meaning: "the service that is called" },
  "rpc.method": { type: "string", meaning: "its operation" },
  "server.address": {
    type: "string",
    meaning: "the instance that an attempt went to: `unix:/path` or `tcp:host:port`",
  },
  "error.type": {
    type: "string",
    meaning: "stable code of the error that it ended with; absent when it did not",
  },
  "exception.type": { type: "string", meaning: "name of what was thrown" },
  "exception.message": { type: "string", meaning: "its message, at most 1,024 characters" },
  "kerf.caller": { type: "string", meaning: "the service, or `gateway:NAME`, that called" },
  "kerf.operation": { type: "string", meaning: "`service.operation` that a request led to" },
  "kerf.upstream": {
    type: "string",
    meaning: "the foreign service that a request was passed on to",
  },
  "kerf.attempt": {
    type: "number",
    unit: "1",
    meaning: "number of the attempt within its call, or of tries of a saga's step, from 1",
  },
  "db.system.name": { type: "string", meaning: "`postgresql`" },
  "db.namespace": { type: "string", meaning: "the service's database" },
  "db.operation.name": { type: "string", meaning: "what a statement does: `SELECT`, `COMMIT`" },
  "db.collection.name": {
    type: "string",
    meaning: "the first table that a statement names, when there is one",
  },
  "db.query.text": {
    type: "string",
    meaning:
      "the statement, without values: those stand apart, and `?` for literals; at most 1,024 characters",
  },
  "db.response.returned_rows": { type: "number", unit: "1", meaning: "rows that it answered" },
  "kerf.transaction": {
    type: "string",
    meaning: "`committed`, `rolled back`, or `unknown` when the connection was lost during COMMIT",
  },
  "kerf.event.producer": { type: "string", meaning: "the service whose log an event lies in" },
  "kerf.event.name": { type: "string", meaning: "name of the event in the producer's contract" },
  "kerf.event.shard": {
    type: "number",
    unit: "1",
    meaning: "the shard of the producer's log that it lies in",
  },
  "kerf.event.id": { type: "string", meaning: "its id there; grows within a shard" },
  "kerf.event.source": {
    type: "string",
    meaning: "what was read: `log`, or the broker that carries it, as `nats://host:4222/prefix`",
  },
  "kerf.event.count": { type: "number", unit: "1", meaning: "events that a read brought" },
  "kerf.event.bytes": {
    type: "number",
    unit: "By",
    meaning: "of these events as JSON; absent where they came as part of a call",
  },
  "kerf.event.first": {
    type: "string",
    meaning: "the first event of a read in each shard, as `shard:id shard:id`",
  },
  "kerf.event.last": { type: "string", meaning: "the last one, in the same way" },
  "kerf.event.first_offset": {
    type: "string",
    meaning:
      "the same as the broker counts, as `shard:offset`: the sequence of a stream of NATS, the offset of a partition of Kafka",
  },
  "kerf.event.last_offset": { type: "string", meaning: "the last one, in the same way" },
  "kerf.saga.name": { type: "string", meaning: "the saga" },
  "kerf.saga.id": { type: "string", meaning: "id of the instance, as `kerf sagas` shows it" },
  "kerf.saga.step": { type: "string", meaning: "name of the step" },
  "kerf.saga.state": { type: "string", meaning: "`completed`, `undone` or `stuck`" },
  "kerf.worker": { type: "string", meaning: "name of the worker" },
  "kerf.schedule": { type: "string", meaning: "name of the schedule" },
} as const satisfies Readonly<Record<string, AttributeMeaning>>;

/** What the spans of one service in one program have in common (OpenTelemetry's resource). */
export const resourceAttributes = {
  "service.name": { type: "string", meaning: "the service, or `gateway:NAME`, whose work it is" },
  "service.namespace": { type: "string", meaning: "the app" },
  "service.version": {
    type: "string",
    meaning: "number of the unit's release; absent where it runs from source",
  },
  "service.instance.id": { type: "string", meaning: "id of the running copy, as in its log" },
  "deployment.environment.name": { type: "string", meaning: "the environment, such as `dev`" },
  "kerf.unit": { type: "string", meaning: "the unit of the program" },
} as const satisfies Readonly<Record<string, AttributeMeaning>>;

/** An attribute that the platform records. */
export type SpanAttribute = keyof typeof spanAttributes;

/** A kind of place at which spans are made. */
export interface SpanPlace {
  readonly kind: SpanKind;
  /** How its spans are named. */
  readonly name: string;
  /** From when to when it lasts, and when it is marked as an error. */
  readonly meaning: string;
  readonly attributes: readonly SpanAttribute[];
}

const call = ["rpc.system", "rpc.service", "rpc.method", "error.type"] as const;
const event = [
  "kerf.event.producer",
  "kerf.event.name",
  "kerf.event.shard",
  "kerf.event.id",
] as const;
const step = [
  "kerf.saga.name",
  "kerf.saga.id",
  "kerf.saga.step",
  "kerf.attempt",
  "error.type",
] as const;

/** Every span that the platform itself records. */
export const spanPlaces = {
  request: {
    kind: "server",
    name: "METHOD route",
    meaning:
      "a request at a gateway, from its head to the end of its answer; an error when the status is 500 or above or its stream broke",
    attributes: [
      "http.request.method",
      "http.route",
      "http.response.status_code",
      "kerf.operation",
      "kerf.upstream",
      "error.type",
    ],
  },
  call: {
    kind: "client",
    name: "service/operation",
    meaning:
      "a call as its caller sees it, with all of its attempts and the waits between them; an error unless it was answered, be it with a declared error. Most end with their first attempt: then this is its span too, and its id travels",
    attributes: [...call, "server.address"],
  },
  attempt: {
    kind: "client",
    name: "service/operation",
    meaning:
      "of a call that was sent more than once: one attempt at one instance of another program, below its call; of a stream, until its first item. Its id travels",
    attributes: [...call, "server.address", "kerf.attempt"],
  },
  served: {
    kind: "server",
    name: "service/operation",
    meaning:
      "a call where it is served, until it is answered; below what it was sent by. An error when it failed, not when it was declined",
    attributes: [...call, "kerf.caller"],
  },
  transaction: {
    kind: "internal",
    name: "transaction",
    meaning:
      "a transaction of a command, a saga's step or a schedule, from the moment at which it asks for a connection until it is committed or rolled back; an error when a statement of it failed or the database is away",
    attributes: [
      "db.system.name",
      "db.namespace",
      "server.address",
      "kerf.transaction",
      "error.type",
    ],
  },
  statement: {
    kind: "client",
    name: "OPERATION table",
    meaning:
      "one statement, from its leaving until its answer; the first of a transaction takes BEGIN along, COMMIT the events and the command's record. Of a query: with the wait for a connection. An error when PostgreSQL says so or does not answer",
    attributes: [
      "db.system.name",
      "db.namespace",
      "server.address",
      "db.operation.name",
      "db.collection.name",
      "db.query.text",
      "db.response.returned_rows",
      "error.type",
    ],
  },
  read: {
    kind: "client",
    name: "read producer",
    meaning:
      "one read of a log that brought events, by a consumer or by the relay that publishes it: from the look that found them until they are here, without the wait for news before. A trace of its own, with links to the spans that emitted them, of 32 traces at most",
    attributes: [
      "kerf.event.producer",
      "kerf.event.source",
      "kerf.event.count",
      "kerf.event.bytes",
      "kerf.event.first",
      "kerf.event.last",
      "kerf.event.first_offset",
      "kerf.event.last_offset",
    ],
  },
  received: {
    kind: "consumer",
    name: "receive producer.event",
    meaning:
      "the way of an event through the log: from the commit of the command that emitted it, below which it is, until its consumer begins with it. Not of one that is older than an hour",
    attributes: event,
  },
  handled: {
    kind: "consumer",
    name: "process producer.event",
    meaning:
      "the handler of an event in its consumer, each try by itself; below its way, or below the command that emitted it",
    attributes: [...event, "error.type"],
  },
  saga: {
    kind: "internal",
    name: "saga name",
    meaning:
      "a saga from its start to its end, over restarts and copies too, below the command that started it; recorded when it has ended. An error when it is stuck or was undone",
    attributes: ["kerf.saga.name", "kerf.saga.id", "kerf.saga.state", "error.type"],
  },
  step: {
    kind: "internal",
    name: "step saga/step",
    meaning:
      "one step of a saga with all of its tries, or one wait for an event; below its saga. An error when its saga does not go on from there",
    attributes: step,
  },
  undo: {
    kind: "internal",
    name: "undo saga/step",
    meaning: "the undoing of one step with all of its tries; below its saga",
    attributes: step,
  },
  worker: {
    kind: "internal",
    name: "worker name",
    meaning: "one run of a worker: a trace of its own",
    attributes: ["kerf.worker", "error.type"],
  },
  schedule: {
    kind: "internal",
    name: "schedule name",
    meaning: "one run of a schedule: a trace of its own",
    attributes: ["kerf.schedule", "error.type"],
  },
} as const satisfies Readonly<Record<string, SpanPlace>>;

/** Events within spans, and what they carry. */
export const spanEvents = {
  exception: {
    meaning: "what a handler threw, where that is a failure of the service",
    attributes: ["exception.type", "exception.message"],
  },
} as const satisfies Readonly<
  Record<string, { meaning: string; attributes: readonly SpanAttribute[] }>
>;

/** A key of `spanPlaces`. */
export type SpanPlaceName = keyof typeof spanPlaces;
