import { KerfError } from "@kerf/kernel";
import type { CloseReason } from "./violation.ts";

/** What was sent to an instance that drains. */
export function notHere(instance: string): KerfError {
  return new KerfError("not_here", {
    message: `The instance ${instance} is draining and did not execute this call.`,
    fix: "It is sent to another instance when there is one.",
  });
}

/** What is one call too many, on whichever side that was seen. */
export function overloaded(where: string, inFlight: number): KerfError {
  return new KerfError("overloaded", {
    message: `${inFlight} calls are in flight to ${where}; this one was not executed.`,
    why: "The instance answers more slowly than it is called.",
    fix: "Slow down, or add instances of its unit.",
  });
}

/** What is asked of a connection that has ended, or waited for one that was never made. */
export function connectionEnded(
  where: string,
  opened: boolean,
  reason: CloseReason,
  detail: string,
): KerfError {
  // A peer that stands still, or has more to do than it can, says nothing: that breaks no protocol.
  const happens = [
    "closed",
    "closed_by_peer",
    "lost",
    "silent",
    "handshake_timeout",
    "certificate_expired",
  ].includes(reason);
  return new KerfError(happens ? "unavailable" : "protocol_error", {
    message: `The ${opened ? "connection to" : "handshake with"} ${where} ended (${reason}): ${detail}`,
    retry: "not-executed",
  });
}

/** What was under way when its connection ended. */
export function lostUnderWay(
  where: string,
  left: boolean,
  reason: CloseReason,
  detail: string,
): KerfError {
  return new KerfError("connection_lost", {
    message: `The connection to ${where} ended before the answer came (${reason}): ${detail}`,
    why: left
      ? "The call may or may not have been executed."
      : "The call had not left this process.",
    retry: left ? "unknown" : "not-executed",
  });
}

/** A probe that nobody answered. */
export function noSign(where: string): KerfError {
  return new KerfError("unavailable", {
    message: `${where} gave no sign of life.`,
    why: "The process there stands still, or the network to it is cut.",
    retry: "not-executed",
  });
}

/** A body that the other side would refuse. */
export function tooLarge(what: string, most: number, fix: string): KerfError {
  return new KerfError("payload_too_large", {
    message: `${what} is over the ${most} bytes that the other side accepts.`,
    fix,
  });
}
