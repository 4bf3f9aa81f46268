import { KerfError } from "@kerf/kernel";

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Milliseconds of a `grpc-timeout`; undefined when the client set none. @throws KerfError `invalid_input` */
export function grpcTimeoutMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const match = /^(\d{1,8})([HMSmun])$/.exec(header);
  if (match !== null) return Number(match[1]) * (unitMs[match[2] as string] as number);
  throw new KerfError("invalid_input", {
    message: "The grpc-timeout cannot be read.",
    fix: "Send up to 8 digits and one of H, M, S, m, u, n.",
  });
}

/** What is left, as the next one reads it. */
export function grpcTimeout(ms: number): string {
  if (ms < 99_999) return `${Math.max(1, Math.floor(ms * 1_000))}u`;
  return ms < 99_999_999 ? `${Math.floor(ms)}m` : `${Math.floor(ms / 1_000)}S`;
}
