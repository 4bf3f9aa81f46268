import type { LogLine } from "@kerf/control-api";
import { useEffect, useState } from "react";
import { client } from "../api/client.ts";

/** Lines that are kept; the oldest go. */
const mostLines = 50_000;
/** How many lines it begins with. */
const tail = 2_000;
/** How often new lines are shown, milliseconds: a screen each, and no more. */
const showMs = 100;
/** Pause before the stream is opened again, milliseconds. */
const againMs = 2_000;

/** The lines of all logs, the oldest first, with those that come. `error`: why nothing comes now. */
export function useLogLines(): { readonly lines: readonly LogLine[]; readonly error: unknown } {
  const [state, setState] = useState<{ lines: readonly LogLine[]; error: unknown }>({
    lines: [],
    error: null,
  });
  useEffect(() => {
    const left = new AbortController();
    let waiting: LogLine[] = [];
    let isFirst = true;
    const show = (): void => {
      if (waiting.length === 0) return;
      const fresh = waiting;
      waiting = [];
      setState(({ lines }) => ({ lines: [...lines, ...fresh].slice(-mostLines), error: null }));
    };
    const timer = setInterval(show, showMs);
    const follow = async (): Promise<void> => {
      while (!left.signal.aborted) {
        try {
          const input = { tail: isFirst ? tail : 0, follow: true };
          for await (const line of client.logs(input, { signal: left.signal })) {
            isFirst = false;
            waiting.push(line);
          }
        } catch (error) {
          if (!left.signal.aborted) setState(({ lines }) => ({ lines, error }));
        }
        await new Promise((resolve) => setTimeout(resolve, againMs));
      }
    };
    void follow();
    return () => {
      clearInterval(timer);
      left.abort();
    };
  }, []);
  return state;
}
