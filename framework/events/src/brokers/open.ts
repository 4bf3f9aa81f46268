import { type Clock, KerfError } from "@kerf/kernel";
import type { Broker, BrokerPlace } from "../broker.ts";

/** Ways to log in to Kafka, by their names in a URL. */
const mechanisms = {
  plain: "PLAIN",
  "scram-sha-256": "SCRAM-SHA-256",
  "scram-sha-512": "SCRAM-SHA-512",
} as const;

/** A way to log in to Kafka, by its own name. */
export type SaslMechanism = (typeof mechanisms)[keyof typeof mechanisms];

/** The parts of a broker's URL. */
export interface BrokerAddress {
  readonly kind: "nats" | "kafka";
  readonly tls: boolean;
  /** `host:port` each. */
  readonly servers: readonly string[];
  /** In front of every name that we make there. */
  readonly prefix: string;
  readonly replicas: number;
  /** How a user and a password are shown to Kafka. */
  readonly sasl: SaslMechanism;
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
  const parts = /^(nats|kafka)(\+tls)?:\/\/([^/?@#]+)(?:\/([^/?#]*))?(?:\?([^#]*))?$/.exec(url);
  const [, kind, tls, hosts = "", prefix = "", query = ""] = parts ?? [];
  const { replicas = "1", sasl, ...unknown } = Object.fromEntries(new URLSearchParams(query));
  const servers = hosts.split(",");
  const fits =
    servers.every((server) => /^(\[[\da-f:]+\]|[\w.-]+):\d{1,5}$/i.test(server)) &&
    /^[a-z0-9-]*$/.test(prefix) &&
    /^[1-9]$/.test(replicas) &&
    Object.keys(unknown).length === 0;
  if (kind === undefined || !fits) {
    throw new KerfError("invalid_configuration", {
      message: "The URL of the broker is not one.",
      why: "It is written nats://host:4222/prefix or kafka://host:9092,host:9092/prefix; behind it may stand ?replicas=3, and of Kafka ?sasl=plain. A user, a password or a token are part of it in a file only.",
      fix: "Give it so; the prefix is of small letters, digits and hyphens, and can be left out.",
    });
  }
  return {
    kind: kind as "nats" | "kafka",
    tls: tls !== undefined,
    servers,
    prefix: prefix === "" ? "kerf" : prefix,
    replicas: Number(replicas),
    sasl: mechanismOf(kind, sasl),
    destination: `${kind}://${hosts}/${prefix === "" ? "kerf" : prefix}`,
  };
}

function mechanismOf(kind: string, sasl = "scram-sha-512"): SaslMechanism {
  const mechanism = mechanisms[sasl as keyof typeof mechanisms] as SaslMechanism | undefined;
  if (mechanism !== undefined && (kind === "kafka" || sasl === "scram-sha-512")) return mechanism;
  throw new KerfError("invalid_configuration", {
    message: `The URL of the broker says ?sasl=${sasl}.`,
    why: `That is how a user logs in to Kafka: ${Object.keys(mechanisms).join(", ")}.`,
    fix: "Name one of these, or leave it out: scram-sha-512.",
  });
}
