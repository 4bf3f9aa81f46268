import { createInbox, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { type Clock, KerfError } from "@kerf/kernel";
import type { BrokerMessage } from "../broker.ts";

/** Until the server must have acknowledged one more message of a page, milliseconds. */
const answerMs = 5_000;
/** Messages that are not acknowledged yet, at most: half of what a stream of NATS 2.12 takes before it refuses (10,000). */
const maxOutstanding = 5_000;

/** Messages that were given together. */
interface Page {
  /** Not acknowledged yet, be it that they were not sent yet. */
  left: number;
  /** Sent and not acknowledged. */
  outstanding: number;
  /** Monotonic milliseconds. */
  lastAnswer: number;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Publishes to JetStream and counts what is acknowledged, page by page: all messages of a page are answered to one subject. The driver's own
 * way makes two errors with their stacks, a timer and a promise for each message, which is most of what a drain costs.
 */
export class NatsPublisher {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #inbox = createInbox();
  readonly #pages = new Map<string, Page>();
  #numbers = 0;
  #outstanding = 0;
  /** Made when somebody waits for it. */
  #room: PromiseWithResolvers<void> | undefined;
  /** Resolves when all that was given before has been sent. */
  #sent: Promise<void> = Promise.resolve();

  constructor(connection: NatsConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => this.#answered(error ?? undefined, message),
    });
  }

  /** In the given order, each to the subject of its shard; rejects when one is not acknowledged in time. */
  async publish(subject: string, messages: readonly BrokerMessage[]): Promise<void> {
    const name = String((this.#numbers += 1));
    const page: Page = {
      left: messages.length,
      outstanding: 0,
      lastAnswer: this.#clock.now(),
      done: Promise.withResolvers(),
    };
    if (messages.length === 0) return;
    this.#pages.set(name, page);
    page.done.promise.catch(() => undefined);
    const watch = this.#watch(name, page);
    const before = this.#sent;
    const sent = Promise.withResolvers<void>();
    this.#sent = sent.promise;
    try {
      await before;
      await this.#send(subject, name, page, messages);
    } catch (error) {
      this.#fail(name, page, error);
    } finally {
      sent.resolve();
    }
    try {
      await page.done.promise;
    } finally {
      watch.cancel();
    }
  }

  async #send(
    subject: string,
    name: string,
    page: Page,
    messages: readonly BrokerMessage[],
  ): Promise<void> {
    const reply = `${this.#inbox}.${name}`;
    for (const message of messages) {
      while (this.#outstanding >= maxOutstanding)
        await (this.#room ??= Promise.withResolvers()).promise;
      // It has failed: what follows would come without what is missing.
      if (!this.#pages.has(name)) return;
      this.#outstanding += 1;
      page.outstanding += 1;
      this.#connection.publish(`${subject}.${message.shard}`, message.event, {
        reply,
        headers: headersOf(message),
      });
    }
  }

  #answered(error: Error | undefined, message: Msg): void {
    const name = message.subject.slice(message.subject.lastIndexOf(".") + 1);
    const page = this.#pages.get(name);
    if (page === undefined) return;
    const refused = error ?? refusalIn(message);
    if (refused !== undefined) return this.#fail(name, page, refused);
    page.left -= 1;
    page.outstanding -= 1;
    page.lastAnswer = this.#clock.now();
    this.#free(1);
    if (page.left > 0) return;
    this.#pages.delete(name);
    page.done.resolve();
  }

  #fail(name: string, page: Page, error: unknown): void {
    if (!this.#pages.delete(name)) return;
    page.done.reject(error);
    this.#free(page.outstanding);
  }

  #free(count: number): void {
    this.#outstanding -= count;
    if (this.#outstanding >= maxOutstanding / 2) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Fails a page that is not answered any more. */
  #watch(name: string, page: Page): { cancel(): void } {
    const clock = this.#clock;
    let timer = clock.after(answerMs, look);
    const fail = (): void => this.#fail(name, page, noAnswer());
    function look(): void {
      const quiet = clock.now() - page.lastAnswer;
      // What waits for its turn has not been asked yet.
      if (quiet >= answerMs && page.outstanding > 0) fail();
      else
        timer = clock.after(Math.max(1, page.outstanding > 0 ? answerMs - quiet : answerMs), look);
    }
    return { cancel: () => timer.cancel() };
  }
}

function headersOf({ id, log, previous }: BrokerMessage) {
  const header = headers();
  header.set("Kerf-Log", log);
  header.set("Kerf-Id", id);
  header.set("Kerf-Previous", previous);
  header.set("Nats-Msg-Id", `${log} ${id}`);
  return header;
}

/** Why a message was not stored, unless it was: `{"error":…}`, or nobody there that could answer. */
function refusalIn(message: Msg): KerfError | undefined {
  const status = message.headers?.code ?? 0;
  const text = message.string();
  if (status === 0 && text.startsWith("{") && !text.includes('"error"')) return undefined;
  return new KerfError("unavailable", {
    message: "The broker did not take an event.",
    why: status === 0 ? text.slice(0, 500) : `${status} ${message.headers?.description ?? ""}`,
    fix: "It is published again from the last acknowledged one on.",
  });
}

function noAnswer(): KerfError {
  return new KerfError("unavailable", {
    message: `The broker has acknowledged nothing for ${answerMs} ms.`,
    fix: "It is published again from the last acknowledged one on.",
  });
}
