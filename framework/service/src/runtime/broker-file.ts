import type { BrokerBoot } from "@kerf/call";

/** Reads what a file with a broker's URL says. Throws `invalid_configuration`, never with what stands there. */
export async function brokerOfFile(text: string): Promise<BrokerBoot> {
  // With the part for events, which most programs of the data plane do without.
  const { secretBrokerPlace } = await import("@kerf/events");
  return secretBrokerPlace(text);
}
