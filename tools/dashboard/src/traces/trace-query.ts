import { queryOptions } from "@tanstack/react-query";
import { client } from "../api/client.ts";

/** How often a trace is asked for again while nothing of it is there, and once something is: its spans are written down a moment after they end. */
const mostWhileEmpty = 60;
const mostWhileThere = 5;
const againMs = 2_000;

/** A trace with its spans and lines of logs. */
export const traceQuery = (traceId: string) =>
  queryOptions({
    queryKey: ["trace", traceId],
    queryFn: ({ signal }) => client.trace({ traceId }, { signal }),
    refetchInterval: ({ state }) => {
      const isThere = (state.data?.spans.length ?? 0) > 0;
      const asked = state.dataUpdateCount + state.errorUpdateCount;
      return asked < (isThere ? mostWhileThere : mostWhileEmpty) ? againMs : false;
    },
  });
