import type { IncomingMessage } from "node:http";
import { KerfError } from "@kerf/kernel";
import type { Maintenance } from "@kerf/service";
import { AddressSet, clientAddress } from "../upstreams/client-address.ts";

/** Refuses everybody but those that are let through meanwhile. */
export class MaintenanceMode {
  readonly #allowed: AddressSet;
  readonly #trusted: AddressSet;
  readonly #retryAfterMs: number;

  constructor({ retryAfterS, allow }: Maintenance, trusted: AddressSet) {
    this.#allowed = new AddressSet(allow);
    this.#trusted = trusted;
    this.#retryAfterMs = retryAfterS * 1_000;
  }

  /** @throws KerfError `maintenance` */
  admit(request: IncomingMessage): void {
    if (this.#allowed.has(clientAddress(request, this.#trusted))) return;
    throw new KerfError("maintenance", {
      message: "The settings of the gateway have a maintenance mode for this.",
      retryAfterMs: this.#retryAfterMs,
    });
  }
}
