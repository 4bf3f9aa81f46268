/** A time span for people: `340 ms`, `2.4 s`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** How long ago an RFC 3339 time was; empty when it is none. */
export function ago(time: string, now: number = Date.now()): string {
  const then = Date.parse(time);
  return Number.isNaN(then) ? "" : duration(Math.max(0, now - then));
}

/** A short time in microseconds: `740 µs`, `3.7 ms`, `340 ms`, `2.4 s`. */
export function microsText(micros: number): string {
  if (micros < 1_000) return `${Math.max(0, Math.round(micros))} µs`;
  return micros < 100_000 ? `${(micros / 1_000).toFixed(1)} ms` : duration(micros / 1_000);
}

/** A time of this machine's clock to the millisecond: `2026-01-02 03:04:05.678`. */
export function dateTime(ms: number): string {
  const at = new Date(ms);
  const local = new Date(ms - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, -1).replace("T", " ");
}
