import { parseJson } from "./parse.ts";

/**
 * One JSON text as it came: those who only pass it on carry its bytes, and whoever needs the value reads it, once. It is not
 * checked before it is read. Nobody writes to the bytes any more.
 */
export class RawJson {
  readonly #bytes: Buffer;
  #value: unknown;
  #isRead: boolean;
  #fault: Error | undefined;

  /**
   * @param bytes UTF-8, at least one; its own from now on
   * @param fault why they cannot be read, when that is known
   */
  constructor(bytes: Buffer, fault?: Error) {
    this.#bytes = bytes;
    this.#fault = fault;
    this.#isRead = fault !== undefined;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The same object each time, or the same error. @throws KerfError `invalid_input` when it is not JSON that may be read */
  value(): unknown {
    if (!this.#isRead) {
      this.#isRead = true;
      try {
        this.#value = parseJson(this.#bytes);
      } catch (thrown) {
        // Looking for what is wrong may take long: once is enough.
        this.#fault = thrown as Error;
      }
    }
    if (this.#fault !== undefined) throw this.#fault;
    return this.#value;
  }

  /** Stands for its value wherever one is written as JSON. */
  toJSON(): unknown {
    return this.value();
  }
}

/** The value that `json` is, or holds. @throws KerfError `invalid_input` when it holds none that may be read */
export function jsonValue(json: unknown): unknown {
  return json instanceof RawJson ? json.value() : json;
}
