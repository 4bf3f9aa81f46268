import { useSyncExternalStore } from "react";

/** From here down it is a phone, pixels. */
const query = matchMedia("(max-width: 720px)");

/** Whether there is little room. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => query.matches,
  );
}
