import { Readable } from "node:stream";
import { run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { type SideBySide, workSideBySide } from "./side-by-side.ts";

/** How each file is run. */
export interface TestRunOptions {
  readonly cwd: string;
  readonly execArgv: readonly string[];
  /** A test that takes longer hangs, milliseconds. */
  readonly timeout: number;
}

const counted = ["tests", "suites", "passed", "failed", "cancelled", "skipped", "todo"] as const;
type Counts = Record<(typeof counted)[number], number>;
/** What the reporter calls them. */
const called: Partial<Record<keyof Counts, string>> = { passed: "pass", failed: "fail" };

/** Runs of test files with one report: what a file tells is printed when it has ended, and what failed once more at the end. */
export class TestRuns {
  readonly #options: TestRunOptions;
  readonly #events = new Readable({ objectMode: true, read: () => {} });
  readonly #printed: Promise<void>;
  readonly #counts: Counts = {
    tests: 0,
    suites: 0,
    passed: 0,
    failed: 0,
    cancelled: 0,
    skipped: 0,
    todo: 0,
  };
  readonly #empty: string[] = [];
  readonly #began = performance.now();
  #passed = true;

  constructor(options: TestRunOptions) {
    this.#options = options;
    this.#printed = print(this.#events);
  }

  /** Runs some files, so many at a time. */
  async atOnce(files: readonly string[], concurrency: number): Promise<void> {
    if (files.length > 0) await this.#run(files, concurrency, (event) => this.#events.push(event));
  }

  /** Runs some files, as many at a time as the machine has room for, or one after the other. */
  async sideBySide(files: readonly string[], how: SideBySide | "alone"): Promise<void> {
    const one = { least: 1, most: 1, room: 1, idle: () => 0, pause: () => Promise.resolve() };
    await workSideBySide(files, how === "alone" ? one : how, async (file) => {
      const told: TestEvent[] = [];
      await this.#run([file], 1, (event) => told.push(event));
      for (const event of told) this.#events.push(event);
    });
  }

  /** Prints what came of all of them, and answers whether all passed. */
  async end(): Promise<boolean> {
    const lines = counted.map((name) => `${called[name] ?? name} ${this.#counts[name]}`);
    for (const message of [...lines, `duration_ms ${performance.now() - this.#began}`])
      this.#events.push({ type: "test:diagnostic", data: { nesting: 0, message, level: "info" } });
    this.#events.push(null);
    await this.#printed;
    for (const name of this.#empty) console.error(`${name} contains no test.`);
    const { tests } = this.#counts;
    if (tests === 0) console.error("No test ran: a suite that tests nothing does not pass.");
    return tests > 0 && this.#empty.length === 0 && this.#passed;
  }

  async #run(
    files: readonly string[],
    concurrency: number,
    tell: (event: TestEvent) => unknown,
  ): Promise<void> {
    const { cwd, execArgv, timeout } = this.#options;
    const stream = run({ files: [...files], cwd, concurrency, execArgv: [...execArgv], timeout });
    let summed = false;
    for await (const event of stream as AsyncIterable<TestEvent>) {
      const { data, type } = event;
      // One summary a file and, without a file, the one over all.
      if (type === "test:summary" && data.file === undefined) {
        // Their type knows nothing of those that failed.
        const counts = data.counts as unknown as Counts;
        for (const name of counted) this.#counts[name] += counts[name];
        this.#passed &&= data.success;
        summed = true;
      }
      // node:test reports a file without tests as one passed test of the file's name.
      if (type === "test:pass" && files.includes(data.name)) this.#empty.push(data.name);
      // The counts of this run alone: those of all come at the end.
      const isCount = type === "test:diagnostic" && data.file === undefined && data.nesting === 0;
      if (type !== "test:summary" && !isCount) tell(event);
    }
    this.#passed &&= summed;
  }
}

async function print(events: Readable): Promise<void> {
  for await (const text of events.compose(spec)) process.stdout.write(text as string);
}
