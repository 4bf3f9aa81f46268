import type { KerfError } from "@kerf/kernel";

const received = new WeakMap<KerfError, string>();

/** Remembers that `error` came in answer to a call of ours to `name`, so that it is not passed on as our own. */
export function receivedError(error: KerfError, name: string): KerfError {
  received.set(error, name);
  return error;
}

/** `service.operation` of the call that failed with `error`; undefined when it was thrown here. */
export function receivedFrom(error: KerfError): string | undefined {
  return received.get(error);
}

/**
 * An error with which a call was refused before it left: this program's own, such as a passed deadline. Except a wrong
 * input: that one is a mistake in calling `name`, and none of whoever called this program.
 */
export function refusedHere(error: KerfError, name: string): KerfError {
  return error.code === "invalid_input" ? receivedError(error, name) : error;
}
