import { randomWord } from "./ids.ts";

/** What a trace is made of, as text. */
export interface TraceFields {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The current span: 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** The span above, when there is one in this trace. */
  readonly parentId?: string | undefined;
  /** Whether its spans are recorded: decided once, where it began. */
  readonly sampled: boolean;
  /** Vendors' `tracestate`, carried on unchanged. */
  readonly state?: string | undefined;
}

/**
 * Where a call stands in its trace (W3C Trace Context). Ids are kept as words of 32 bits: they cross the wire and leave as bytes, and making
 * digits of them and bytes of those again was a quarter of what tracing a call costs. Whoever wants digits gets them.
 */
export class Trace implements TraceFields {
  readonly sampled: boolean;
  readonly state: string | undefined;
  readonly #trace0: number;
  readonly #trace1: number;
  readonly #trace2: number;
  readonly #trace3: number;
  readonly #span0: number;
  readonly #span1: number;
  /** Both zero of the first span. */
  readonly #parent0: number;
  readonly #parent1: number;

  // Words one by one: an array for them would be a second object for each call.
  private constructor(
    trace0: number,
    trace1: number,
    trace2: number,
    trace3: number,
    span0: number,
    span1: number,
    parent0: number,
    parent1: number,
    sampled: boolean,
    state: string | undefined,
  ) {
    this.sampled = sampled;
    this.state = state;
    this.#trace0 = trace0;
    this.#trace1 = trace1;
    this.#trace2 = trace2;
    this.#trace3 = trace3;
    this.#span0 = span0;
    this.#span1 = span1;
    this.#parent0 = parent0;
    this.#parent1 = parent1;
  }

  /**
   * A new trace, which is recorded by chance.
   * @param ratio share of traces that are recorded, 0 to 1: as OpenTelemetry's TraceIdRatioBased by the leading 52 of the id's last 64
   *   bits, so that all who know the ratio agree
   */
  static begin(ratio: number): Trace {
    const word2 = randomWord();
    const word3 = randomWord();
    const chance = (word2 >>> 0) * 2 ** 20 + (word3 >>> 12);
    return new Trace(
      randomWord(),
      randomWord(),
      word2,
      word3,
      randomWord(),
      randomWord(),
      0,
      0,
      chance < Math.floor(ratio * 2 ** 52),
      undefined,
    );
  }

  /** The same from text, which must be as `TraceFields` says. */
  static of({ traceId, spanId, parentId, sampled, state }: TraceFields): Trace {
    return new Trace(
      wordAt(traceId, 0),
      wordAt(traceId, 8),
      wordAt(traceId, 16),
      wordAt(traceId, 24),
      wordAt(spanId, 0),
      wordAt(spanId, 8),
      parentId === undefined ? 0 : wordAt(parentId, 0),
      parentId === undefined ? 0 : wordAt(parentId, 8),
      sampled,
      state,
    );
  }

  /** The same from its 24 bytes at `at`, trace before span; undefined when the bytes of either are all zero. */
  static read(
    bytes: Uint8Array,
    at: number,
    sampled: boolean,
    state: string | undefined,
  ): Trace | undefined {
    const trace = new Trace(
      readWord(bytes, at),
      readWord(bytes, at + 4),
      readWord(bytes, at + 8),
      readWord(bytes, at + 12),
      readWord(bytes, at + 16),
      readWord(bytes, at + 20),
      0,
      0,
      sampled,
      state,
    );
    const isTrace = (trace.#trace0 | trace.#trace1 | trace.#trace2 | trace.#trace3) !== 0;
    return isTrace && (trace.#span0 | trace.#span1) !== 0 ? trace : undefined;
  }

  get traceId(): string {
    const high = digits(this.#trace0) + digits(this.#trace1);
    return high + digits(this.#trace2) + digits(this.#trace3);
  }

  get spanId(): string {
    return digits(this.#span0) + digits(this.#span1);
  }

  get parentId(): string | undefined {
    return this.hasParent ? digits(this.#parent0) + digits(this.#parent1) : undefined;
  }

  get hasParent(): boolean {
    return (this.#parent0 | this.#parent1) !== 0;
  }

  /** A new span below this one. */
  child(sampled = this.sampled): Trace {
    return this.#with(randomWord(), randomWord(), this.#span0, this.#span1, sampled);
  }

  /** A new span beside this one. */
  sibling(): Trace {
    return this.#with(randomWord(), randomWord(), this.#parent0, this.#parent1);
  }

  /** This span below `parent`, of the same trace. */
  below(parent: Trace): Trace {
    return this.#with(this.#span0, this.#span1, parent.#span0, parent.#span1);
  }

  /** Writes 16 bytes. */
  writeTraceId(bytes: Uint8Array, at: number): void {
    writeWord(this.#trace0, bytes, at);
    writeWord(this.#trace1, bytes, at + 4);
    writeWord(this.#trace2, bytes, at + 8);
    writeWord(this.#trace3, bytes, at + 12);
  }

  /** Writes 8 bytes. */
  writeSpanId(bytes: Uint8Array, at: number): void {
    writeWord(this.#span0, bytes, at);
    writeWord(this.#span1, bytes, at + 4);
  }

  /** Writes 8 bytes; zero without a span above. */
  writeParentId(bytes: Uint8Array, at: number): void {
    writeWord(this.#parent0, bytes, at);
    writeWord(this.#parent1, bytes, at + 4);
  }

  #with(
    span0: number,
    span1: number,
    parent0: number,
    parent1: number,
    sampled = this.sampled,
  ): Trace {
    return new Trace(
      this.#trace0,
      this.#trace1,
      this.#trace2,
      this.#trace3,
      span0,
      span1,
      parent0,
      parent1,
      sampled,
      this.state,
    );
  }
}

/** Starts a trace; nobody records it unless who starts it has decided so. */
export function newTrace(sampled = false): Trace {
  return Trace.begin(sampled ? 1 : 0);
}

/** The 32 bits that eight hexadecimal digits stand for. */
function wordAt(text: string, at: number): number {
  return Number.parseInt(text.slice(at, at + 8), 16) | 0;
}

const digitsOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** By a table: most words are no small integers, of which a number's own digits cost more than all else that a request's trace does. */
function digits(word: number): string {
  return (
    (digitsOfByte[word >>> 24] as string) +
    (digitsOfByte[(word >>> 16) & 255] as string) +
    (digitsOfByte[(word >>> 8) & 255] as string) +
    (digitsOfByte[word & 255] as string)
  );
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function writeWord(word: number, bytes: Uint8Array, at: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
