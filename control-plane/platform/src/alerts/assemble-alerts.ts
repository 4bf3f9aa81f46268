import { systemRandom } from "@kerf/kernel";
import type { SecretStore } from "../secrets/secret-store.ts";
import { Alerting, type AlertingOptions } from "./alerting.ts";
import { DestinationStore } from "./destinations/destination-store.ts";
import { sendEmail } from "./destinations/email.ts";
import { sendWebhook } from "./destinations/webhook.ts";
import { OnCall } from "./on-call/on-call.ts";
import { Silences } from "./silences.ts";

/** What alerts are put together from. */
export interface AlertsOptions extends Omit<
  AlertingOptions,
  "destinations" | "onCall" | "random" | "senders" | "silences"
> {
  /** Keeps the passwords of destinations. */
  readonly secrets: SecretStore;
}

/** Puts together what judges objectives and tells people. Starts nothing. */
export function assembleAlerts(options: AlertsOptions) {
  const { clock, secrets, state } = options;
  const silences = new Silences(state, clock);
  const onCall = new OnCall(state, clock);
  const destinations = new DestinationStore(state, clock, secrets);
  const alerting = new Alerting({
    ...options,
    silences,
    onCall,
    destinations,
    senders: { webhook: (sending) => sendWebhook(sending, () => clock.wall()), email: sendEmail },
    random: () => systemRandom.next(),
  });
  return { alerting, silences, onCall, destinations };
}
