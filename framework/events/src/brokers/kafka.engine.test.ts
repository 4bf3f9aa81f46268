import { testBroker } from "../testing/broker-conformance.ts";
import { withEngine } from "../testing/engine-cache.ts";
import { kafkaFile, startKafka } from "../testing/kafka-server.ts";

withEngine(kafkaFile, () => testBroker("kafka", startKafka));
