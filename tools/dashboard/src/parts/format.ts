/** Milliseconds as a person reads them: `0.4 ms`, `12 ms`, `1.2 s`, `3 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** How long ago a time of RFC 3339 was: `4 s ago`, `3 h ago`. */
export function ago(time: string, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1_000));
  if (Number.isNaN(seconds)) return "–";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** A share of 0 to 1: `0 %`, `0.3 %`, `12 %`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value < 0.1) return "< 0.1 %";
  return value < 10 ? `${Math.round(value * 10) / 10} %` : `${Math.round(value)} %`;
}

/** Calls a second: `0/s`, `0.2/s`, `140/s`. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.1) return "< 0.1/s";
  return `${perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond)}/s`;
}

/** Bytes: `118 MiB`. */
export function bytes(count: number): string {
  const mebibytes = count / 1_048_576;
  return mebibytes >= 1_024
    ? `${Math.round(mebibytes / 102.4) / 10} GiB`
    : `${Math.round(mebibytes)} MiB`;
}

/** A time of day as the person here has it, with its date when that is not today. */
export function clockTime(time: string | number, now: Date = new Date()): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "–";
  const day = date.toDateString() === now.toDateString() ? "" : `${date.toLocaleDateString()} `;
  return `${day}${date.toLocaleTimeString()}`;
}
