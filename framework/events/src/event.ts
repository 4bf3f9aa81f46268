/** An event as it lies in its producer's log. */
export interface LoggedEvent {
  /** Grows within a shard; only comparable within one log. */
  readonly id: string;
  readonly shard: number;
  readonly name: string;
  /** Events with the same key arrive in the order in which they were committed. */
  readonly key: string;
  /** Version of the schema that the payload was written by. */
  readonly version: number;
  readonly payload: unknown;
  /** W3C traceparent of the command that emitted it. */
  readonly trace: string;
  /** Claims of whoever the command was for. */
  readonly principal: Readonly<Record<string, unknown>> | null;
  /** When it was committed, ISO 8601. */
  readonly at: string;
}
