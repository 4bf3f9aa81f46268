/** A span of time, RFC 3339. */
export interface Span {
  from: string;
  to: string;
}

/** What `booked` (in the order of their starts) leaves free of `whole`. */
export function freeTime(whole: Span, booked: readonly Span[]): Span[] {
  const free: Span[] = [];
  let at = Date.parse(whole.from);
  const end = Date.parse(whole.to);
  for (const span of booked) {
    const from = Math.min(Date.parse(span.from), end);
    if (from > at) free.push(spanOf(at, from));
    at = Math.max(at, Date.parse(span.to));
  }
  if (at < end) free.push(spanOf(at, end));
  return free;
}

function spanOf(from: number, to: number): Span {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}
