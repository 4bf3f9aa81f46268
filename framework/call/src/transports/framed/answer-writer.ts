import type { KerfError } from "@kerf/kernel";
import type { Connection } from "./connection.ts";
import { errorBody } from "./error-body.ts";
import { frameFixedBytes, frameType } from "./frame.ts";
import { isLonger, writeJson } from "./json-body.ts";
import { roomFor } from "./output.ts";
import { tooLarge } from "./refusals.ts";

/** Queues answers on one connection, within what the other side said that it accepts; when they leave is not its business. */
export class AnswerWriter {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Queues the answer of a call. Throws what makes it impossible to send. */
  response(id: number, value: unknown): void {
    this.#write(frameType.response, id, this.#bodyOf(value));
  }

  /** Queues an item of a stream and returns its size in bytes. Throws what makes it impossible to send. */
  item(id: number, value: unknown): number {
    return this.#write(frameType.item, id, this.#bodyOf(value));
  }

  /** Queues the end of a stream. */
  end(id: number): void {
    this.#write(frameType.end, id, "");
  }

  /** Queues the error that a call or stream ends with. */
  error(id: number, thrown: unknown): void {
    const body = errorBody(thrown);
    const refusal = this.#refusal(body);
    this.#write(frameType.error, id, refusal === undefined ? body : errorBody(refusal));
  }

  /** Queues the announcement that nothing new is taken. */
  goAway(): void {
    this.#write(frameType.goaway, 0, "");
  }

  #write(type: number, id: number, body: string): number {
    if (!this.#connection.open) return 0;
    const { output } = this.#connection;
    output.begin(type, id, roomFor(body));
    output.text(body);
    const bytes = output.end();
    this.#connection.queued();
    return bytes;
  }

  #bodyOf(value: unknown): string {
    const body = writeJson(value, "invalid_output", "The answer");
    const refusal = this.#refusal(body);
    if (refusal !== undefined) throw refusal;
    return body;
  }

  #refusal(body: string): KerfError | undefined {
    const most = (this.#connection.peer?.maxFrameBytes ?? 0) - frameFixedBytes;
    return isLonger(body, most)
      ? tooLarge("The answer", most, "Answer in pages, or as a stream.")
      : undefined;
  }
}
