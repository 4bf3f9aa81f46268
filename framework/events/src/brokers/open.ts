import { type Clock, KerfError } from "@kerf/kernel";
import type { Broker, BrokerPlace } from "../broker.ts";

/** The parts of a broker's URL. */
export interface BrokerAddress {
  readonly kind: "nats" | "kafka";
  readonly tls: boolean;
  /** `host:port` each. */
  readonly servers: readonly string[];
  /** In front of every name that we make there. */
  readonly prefix: string;
  readonly replicas: number;
  /** Without credentials and settings. */
  readonly destination: string;
}

/**
 * Opens a broker; its driver is loaded now, and it is connected to when it is first used. Throws `invalid_configuration` for a URL that is
 * none of a broker.
 */
export async function openBroker(place: BrokerPlace, clock: Clock): Promise<Broker> {
  const address = brokerAddress(place.url);
  if (address.kind === "nats") {
    const { NatsBroker } = await import("./nats.ts");
    return new NatsBroker(address, place, clock);
  }
  const { KafkaBroker } = await import("./kafka.ts");
  return new KafkaBroker(address, place, clock);
}

/** Takes a URL of a broker apart; throws `invalid_configuration`. */
export function brokerAddress(url: string): BrokerAddress {
  const parts = /^(nats|kafka)(\+tls)?:\/\/([^/?@#]+)(?:\/([^/?#]*))?(?:\?replicas=(\d))?$/.exec(
    url,
  );
  const [, kind, tls, hosts = "", prefix = "", replicas = "1"] = parts ?? [];
  const servers = hosts.split(",");
  const fits = servers.every((server) => /^(\[[\da-f:]+\]|[\w.-]+):\d{1,5}$/i.test(server));
  if (kind === undefined || !fits || !/^[a-z0-9-]*$/.test(prefix) || Number(replicas) < 1) {
    throw new KerfError("invalid_configuration", {
      message: "The URL of the broker is not one.",
      why: "It is written nats://host:4222/prefix or kafka://host:9092,host:9092/prefix; user and password are not part of it.",
      fix: "Give it so; the prefix is of small letters, digits and hyphens, and can be left out.",
    });
  }
  return {
    kind: kind as "nats" | "kafka",
    tls: tls !== undefined,
    servers,
    prefix: prefix === "" ? "kerf" : prefix,
    replicas: Number(replicas),
    destination: `${kind}://${hosts}/${prefix === "" ? "kerf" : prefix}`,
  };
}
