import { randomBytes } from "node:crypto";
import type { CallContext } from "@kerf/kernel";

/**
 * The calls that the program is working on, by the id that it was given with each. What it sends back with that id goes on in the
 * call's name: its principal, deadline, trace and cancellation. As many as the inbound half lets in, each for as long as it lasts.
 */
export class CallsUnderWay {
  readonly #contexts = new Map<string, CallContext>();

  /** Runs `work` with an id that leads to `context` until it is over; nobody can guess it. */
  async during<T>(context: CallContext, work: (id: string) => Promise<T>): Promise<T> {
    const id = this.begin(context);
    try {
      return await work(id);
    } finally {
      this.end(id);
    }
  }

  begin(context: CallContext): string {
    const id = randomBytes(16).toString("base64url");
    this.#contexts.set(id, context);
    return id;
  }

  end(id: string): void {
    this.#contexts.delete(id);
  }

  find(id: string): CallContext | undefined {
    return this.#contexts.get(id);
  }
}
