import type { Notice } from "../notice.ts";

/** Where alerts are sent, without what is secret about it. */
export interface Destination {
  readonly name: string;
  readonly kind: "webhook" | "email";
  /** Host and port. */
  readonly host: string;
  /** Only what these teams own; undefined for everything. */
  readonly teams?: readonly string[] | undefined;
  /** Of a webhook. */
  readonly signed?: boolean | undefined;
  /** Of e-mail. */
  readonly from?: string | undefined;
  readonly to?: readonly string[] | undefined;
  /** Certificates of authorities to trust, PEM. */
  readonly ca?: string | undefined;
  /** ISO 8601. */
  readonly at: string;
  readonly by: string;
}

/** What is secret about it. */
export interface DestinationSecret {
  readonly url: string;
  /** Of a webhook: what bodies are signed with. */
  readonly secret?: string | undefined;
}

/** One thing to send. */
export interface Sending {
  readonly destination: Destination;
  readonly secret: DestinationSecret;
  readonly notice: Notice;
  /** Addresses beside those of the destination. */
  readonly people: readonly string[];
  readonly signal: AbortSignal;
}

/** Brings a notice to a destination. Rejects with what can be shown to people when it did not arrive. */
export type Send = (sending: Sending) => Promise<void>;

/** How long one attempt may take, milliseconds. */
export const attemptMs = 10_000;

/** Whether a destination is for what a team owns. */
export function isFor({ teams }: Destination, team: string | undefined): boolean {
  return teams === undefined || (team !== undefined && teams.includes(team));
}
