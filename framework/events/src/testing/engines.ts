// Boundary: real brokers as processes, for tests, benchmarks and chaos; from the cache that scripts/engines/brokers fills.
export { engineCache, hasEngine } from "./engine-cache.ts";
export { kafkaFile, startKafka } from "./kafka-server.ts";
export { natsFile, startNats } from "./nats-server.ts";
export type { TestBroker } from "./test-broker.ts";
