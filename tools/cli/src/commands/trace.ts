import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";
import { momentOption, rowCount, timeOption } from "./search-options.ts";

/** What `kerf traces` takes. */
export interface TracesOptions {
  since?: number;
  /** Milliseconds since 1970-01-01 UTC. */
  from?: number;
  to?: number;
  compare?: string;
  within?: string;
  limit: number;
  home?: string;
  json?: true;
}

/** What `kerf trace` takes. */
export interface TraceOptions {
  home?: string;
  json?: true;
}

/** `kerf traces`: what was asked of the app, and how that went. */
export function tracesCommand(): Command {
  return examples(
    new Command("traces")
      .summary("search traces")
      .description(
        "Lists the traces of which a span fits, the newest first. docs/guides/observability.md says how a query is written.",
      )
      .argument("[query]", "which ones, such as 'status:error service:payments duration:>500ms'")
      .option(
        "--compare <query>",
        "print instead which attributes tell them from the other traces that fit this one; '' for all others",
      )
      .option("--within <query>", "with --compare: only traces that fit this too, on both sides")
      .addOption(timeOption())
      .addOption(
        momentOption("--from", "begun at this time or later, such as 2026-03-01T10:00:00Z"),
      )
      .addOption(momentOption("--to", "begun at this time or earlier"))
      .option("-n, --limit <number>", "how many at most", rowCount(1_000), 20)
      .addOption(homeOption())
      .option("--json", "print it as JSON: [{traceId, startedAt, durationMicros, failed, …}]")
      .action(async (query: string | undefined, options: TracesOptions) => {
        if (options.compare !== undefined) {
          const { compareTraces } = await import("../traces/compare-traces.ts");
          return compareTraces(query ?? "", options.compare, options);
        }
        const { listTraces } = await import("../traces/list-traces.ts");
        await listTraces(query ?? "", options);
      }),
    [
      ["kerf traces", "the last 20"],
      ["kerf traces 'status:error' --since 1h", "what failed within the last hour"],
      ["kerf traces 'service:payments duration:>500ms'", "where payments took long"],
      ["kerf traces 'status:error' --compare ''", "what failed ones have that others have not"],
    ],
  );
}

/** `kerf trace`: everything that one request led to. */
export function traceCommand(): Command {
  return examples(
    new Command("trace")
      .summary("show everything that one request led to")
      .description(
        "Shows a trace: what it led to, in which service, when and for how long, with the lines that were logged meanwhile.",
      )
      .argument(
        "<id>",
        "its id, as in the header x-trace-id and in log lines; the first digits are enough",
      )
      .addOption(homeOption())
      .option("--json", "print it as JSON: {traceId, spans, logs, truncated}")
      .action(async (id: string, options: TraceOptions) => {
        const { showTrace } = await import("../traces/show-trace.ts");
        await showTrace(id, options);
      }),
    [
      ["kerf trace 4bf92f3577b34da6a3ce929d0e0e4736", "the tree of it"],
      [
        `kerf trace 4bf92f --json | jq '.spans[] | select(.failed) | .service'`,
        "the services in which it failed",
      ],
    ],
  );
}
