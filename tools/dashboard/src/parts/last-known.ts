import { useRef } from "react";

/** A value, or while there is none the last one that was known by the same key: what somebody looks at stays when it ends under his eyes. */
export function useLastKnown<T>(key: string | undefined, value: T | undefined): T | undefined {
  const last = useRef<{ readonly key: string | undefined; readonly value: T }>(undefined);
  if (value !== undefined) last.current = { key, value };
  return value ?? (last.current?.key === key ? last.current?.value : undefined);
}
