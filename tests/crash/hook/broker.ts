import type { Broker, BrokerFollower, BrokerLog } from "@kerf/events";
import type { Crash } from "./crash.ts";

/** A broker whose calls are points: before each leaves, and after it was acknowledged or answered and before anybody knows. */
export function watchBroker(broker: Broker, crash: Crash): Broker {
  const at = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    crash.reach("before", [name]);
    try {
      return await call();
    } finally {
      crash.reach("after", [name]);
    }
  };
  const watchFollower = (follower: BrokerFollower): BrokerFollower => ({
    next: (...asked) => at("broker follower: next", () => follower.next(...asked)),
    close: () => follower.close(),
  });
  const watchLog = (log: BrokerLog): BrokerLog => ({
    publish: (messages) => at("broker log: publish", () => log.publish(messages)),
    span: (shard) => at("broker log: span", () => log.span(shard)),
    at: (shard, position) => at("broker log: at", () => log.at(shard, position)),
    follow: async (from) => watchFollower(await at("broker log: follow", () => log.follow(from))),
  });
  return {
    destination: broker.destination,
    log: async (producer) => watchLog(await at("broker: log", () => broker.log(producer))),
    close: () => broker.close(),
  };
}
