import { readSecretUrl } from "../resources/secret-file.ts";
import type { ExportOptions } from "./export-options.ts";

/**
 * The options with what the broker's file says, where one is named: where the broker is goes into what many may read, who the app is to it into secrets alone.
 * Throws `invalid_configuration`.
 */
export async function withBroker<T extends ExportOptions>(options: T): Promise<T> {
  const { broker, brokerFile } = options;
  // Loaded only by who has one.
  const events =
    broker === undefined && brokerFile === undefined ? undefined : await import("@kerf/events");
  if (brokerFile === undefined) {
    if (broker !== undefined) events?.openBrokerPlace(broker);
    return options;
  }
  const text = await readSecretUrl(brokerFile, "the broker");
  const url = events?.secretBrokerPlace(text).url;
  return { ...options, broker: url, brokerSecret: true, brokerLogin: text };
}
