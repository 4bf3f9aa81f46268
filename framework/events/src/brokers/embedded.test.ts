import { testBroker } from "../testing/broker-conformance.ts";

testBroker("the log itself");
