import { testBroker } from "../testing/broker-conformance.ts";
import { withEngine } from "../testing/engine-cache.ts";
import { natsFile, startNats } from "../testing/nats-server.ts";

withEngine(natsFile, () => testBroker("nats", startNats));
