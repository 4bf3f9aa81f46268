import { resolve } from "node:path";
import type { BrokerBoot } from "@kerf/call";
import { readSecretUrl } from "./secret-file.ts";

/**
 * The broker that carries events: a URL without credentials, or a file that only its owner can read, with a URL that may have them. Read for
 * every program that starts, so that a new password needs no new platform. Throws `invalid_configuration`.
 */
export async function readBroker(setting: string | undefined): Promise<BrokerBoot | undefined> {
  if (setting === undefined) return undefined;
  // Loaded only by who has one.
  const { isBrokerUrl, openBrokerPlace, secretBrokerPlace } = await import("@kerf/events");
  if (isBrokerUrl(setting)) return openBrokerPlace(setting);
  return secretBrokerPlace(await readSecretUrl(resolve(setting), "the broker"));
}
