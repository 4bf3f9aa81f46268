import type { Status } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { serviceState } from "../why/service-state.ts";

/** A call that nobody took, with what the platform knows of why: a caller knows only that the placement names no copy. Anything else as it is. */
export function explainAbsence(
  thrown: unknown,
  service: string,
  platform: { status(): Status },
): unknown {
  if (!(thrown instanceof KerfError) || thrown.code !== "unavailable") return thrown;
  if (thrown.retry !== "not-executed") return thrown;
  const now = platform.status();
  const { absent } = serviceState(now, service);
  if (absent === undefined) return thrown;
  const { problem } = now.services.find(({ name }) => name === service) ?? {};
  return new KerfError("unavailable", {
    message: `Nobody answers for ${service}: ${absent}.`,
    why: problem?.why ?? thrown.why,
    fix: problem?.fix ?? thrown.fix,
    retry: thrown.retry,
    cause: thrown,
  });
}
