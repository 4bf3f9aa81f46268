import type { AlertStatus } from "@kerf/control-api";
import type { ListAlertsOptions } from "../commands/alerts.ts";
import { withPlatform } from "../connection/connect.ts";
import { ago } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { type Paint, paintFor } from "../output/paint.ts";
import { printable } from "../output/printable.ts";

/** Prints what fires, and with `--all` what did. */
export function listAlerts(options: ListAlertsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const found = await client.alerts({ all: options.all === true });
    if (options.json === true) return printJson(found);
    const { alerts, destinations, judgedAt, objectives, problem, silences } = found;
    const paint = paintFor(process.stdout);
    const lines = alerts.flatMap((alert) => [...alertLines(alert, paint), ""]);
    const fires = alerts.some(({ state }) => state === "firing");
    const judged =
      problem !== undefined
        ? `Objectives are not judged now: ${problem}`
        : judgedAt === undefined
          ? "Objectives were not judged yet."
          : `${objectives} objectives, judged ${ago(judgedAt)} ago.`;
    const nobody = destinations === 0 ? " Nobody is told (kerf alerts destinations add)." : "";
    const quiet =
      silences.length === 0 ? "" : ` ${silences.length} silenced (kerf alerts silences).`;
    process.stdout.write(
      [...lines, `${fires ? "" : "Nothing fires. "}${judged}${quiet}${nobody}`, ""].join("\n"),
    );
  });
}

/** An alert in a few lines. */
function alertLines(alert: AlertStatus, paint: Paint): string[] {
  const { acknowledged, change, id, owner, resolvedAt, runbook, sentence, silence } = alert;
  const { since, state, told, traces } = alert;
  const sign = state === "firing" ? paint("bad", "✕ firing") : paint("good", "✓ resolved");
  const lasted = resolvedAt === undefined ? "" : `, over since ${ago(resolvedAt)}`;
  const fact = (name: string, text: string): string => `  ${paint("faint", name)} ${text}`;
  return [
    `${sign} ${paint("strong", id)} ${printable(sentence)}`,
    fact("since  ", `${ago(since)} ago${lasted}`),
    fact("owner  ", `${owner}${runbook === undefined ? "" : `, ${printable(runbook)}`}`),
    ...(change === undefined ? [] : [fact("change ", printable(change))]),
    ...(traces.length === 0 ? [] : [fact("traces ", traces.join(" "))]),
    ...(told.length === 0 ? [] : [fact("told   ", told.join(", "))]),
    ...(silence === undefined ? [] : [fact("quiet  ", `by ${silence}`)]),
    ...(acknowledged === undefined
      ? []
      : [
          fact(
            "with   ",
            printable(
              `${acknowledged.by} since ${ago(acknowledged.at)}${acknowledged.note === undefined ? "" : `: ${acknowledged.note}`}`,
            ),
          ),
        ]),
  ];
}
