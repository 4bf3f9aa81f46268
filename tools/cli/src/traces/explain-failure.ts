import type { Explanation, Span } from "@kerf/control-api";
import type { WhyOptions } from "../commands/why.ts";
import { withPlatform } from "../connection/connect.ts";
import { logRecordText } from "../logs/log-record-text.ts";
import { microsText } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { type Paint, paintFor } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";

/** Prints why something failed. */
export function explainFailure(of: string, options: WhyOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const told = await client.why({ of });
    if (options.json === true) printJson(told);
    else process.stdout.write(`${explanationText(told, paintFor(process.stdout))}\n`);
  });
}

/** The sentence, the way of the failure from who noticed it to where it began, and what was logged on it. */
export function explanationText(told: Explanation, paint: Paint): string {
  const { cause, failed, fromLogs, logs, path, saga, sentence, traceId } = told;
  return [
    paint(failed ? "strong" : "good", oneLine(sentence)),
    ...(saga === undefined
      ? []
      : [
          `  saga ${saga.name} of ${saga.service} (${saga.id}) is ${saga.state}${saga.failure === undefined ? "" : `: ${oneLine(saga.failure.message)}`}`,
        ]),
    ...(fromLogs === true
      ? ["  Its trace was not recorded; this is by what was logged of it."]
      : []),
    ...(path.length === 0 ? [] : [""]),
    ...path.map((span, depth) => stepText(span, depth, span.spanId === cause?.spanId, paint)),
    ...logs.map((log) => `  ${logRecordText(log, paint)}`),
    "",
    paint("faint", `all of it: kerf trace ${traceId}`),
  ].join("\n");
}

function stepText(span: Span, depth: number, isCause: boolean, paint: Paint): string {
  const code = span.attributes["error.type"];
  const how = typeof code === "string" ? paint("bad", oneLine(code)) : paint("faint", "no error");
  const text = `${"  ".repeat(Math.min(depth, 20))}${oneLine(span.service)}  ${oneLine(span.name)}`;
  const took = paint("faint", microsText(span.durationMicros));
  return `  ${isCause ? paint("strong", text) : text}  ${how}  ${took}${isCause ? paint("strong", "  ← here it began") : ""}`;
}
