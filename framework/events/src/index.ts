// Boundary: events. What a command emits is appended to its service's own log in the command's transaction; consumers read that log
// over a call path that is passed in, and move their watermark in the transaction of their effect. No broker is needed.
export type {
  Broker,
  BrokerEntry,
  BrokerFollower,
  BrokerLog,
  BrokerMessage,
  BrokerPlace,
  BrokerSpan,
} from "./broker.ts";
export {
  BrokerReader,
  type BrokerReaderOptions,
  type ReadCounts,
} from "./broker-reader/broker-reader.ts";
export { openBroker } from "./brokers/open.ts";
export { isBrokerUrl, openBrokerPlace, secretBrokerPlace } from "./brokers/place.ts";
export {
  Consumer,
  type ConsumerOptions,
  type ReadPage,
  type ReadPort,
} from "./consumers/consumer.ts";
export { ParkedKeys, type ParkedKey, type Resolved } from "./consumers/parked.ts";
export { type From, replay } from "./consumers/position.ts";
export { consumerSchema } from "./consumers/schema.ts";
export { beatMs, leaseMs } from "./consumers/shard-leases.ts";
export type { LoggedEvent } from "./event.ts";
export { type Cursor, LogReader, type LogPage, type LogRequest } from "./outbox/log-reader.ts";
export { type Emitter, Outbox } from "./outbox/outbox.ts";
export type { Behind, Blocker, LogState } from "./outbox/log-inspector.ts";
export { eventSchema } from "./outbox/schema.ts";
export { ReadSpans } from "./read-spans.ts";
export { Relay, type RelayOptions } from "./relay/relay.ts";
export { type RelayState, relayStates } from "./relay/relay-state.ts";
export { relaySchema } from "./relay/schema.ts";
export { shardOf, shards } from "./outbox/shard.ts";
export { StableHead } from "./outbox/stable-head.ts";
export { ModelFollower, type ModelFollowerOptions } from "./read-model/model-follower.ts";
export type { ReadModelState, WriteModel } from "./read-model/read-model.ts";
export { readModelSchema } from "./read-model/schema.ts";
