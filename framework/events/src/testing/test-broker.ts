/** A broker in a process of its own, for tests, benchmarks and chaos. */
export interface TestBroker {
  /** Without a prefix. */
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** kill -9. */
  kill(): Promise<void>;
  /** Comes back where it was. */
  start(): Promise<void>;
  /** Deletes its data while it does not run. */
  wipe(): Promise<void>;
  /** Ends it and deletes what it has written. */
  stop(): Promise<void>;
}
