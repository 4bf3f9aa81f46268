import { objectiveText, span } from "./alert-text.ts";
import type { KeptAlert } from "./alert-file.ts";
import type { Notice, OnCallPerson, ToldAlert } from "./notice.ts";

/** Where notices come from. */
export interface Origin {
  readonly app: string;
  readonly environment: string;
  /** The dashboard's address, without a slash at its end. */
  readonly dashboard: string;
}

/** What is told of an alert that fires or is over. */
export function alertNotice(
  alert: KeptAlert,
  kind: "firing" | "resolved",
  { app, dashboard, environment }: Origin,
  onCall: OnCallPerson | undefined,
  at: string,
): Notice {
  const { change, owner, runbook, service, traces } = alert;
  const link = `${dashboard}/alerts?id=${alert.id}`;
  const found = traces.map((id) => ({ id, command: `kerf trace ${id}` }));
  const lines = [
    kind === "firing" ? alert.sentence : resolvedText(alert),
    "",
    `Owner: ${owner}${onCall === undefined ? "" : `; on call: ${onCall.name} <${onCall.email}> until ${onCall.until}`}`,
    ...(runbook === undefined ? [] : [`Runbook: ${runbook}`]),
    ...(change === undefined ? [] : [`Last change: ${change}`]),
    ...(kind === "firing" ? found.map(({ command }) => `Trace: ${command}`) : []),
    `Alert: ${link}`,
    ...(kind === "firing"
      ? [
          `Quiet: kerf alerts silence ${service}.${alert.operation} --for 2h --because "…"; taken care of: kerf alerts ack ${alert.id}`,
        ]
      : []),
  ];
  return {
    version: 1,
    id: `${alert.id}-${kind}`,
    kind,
    app,
    environment,
    at,
    text: lines.join("\n"),
    alert: toldAlert(alert),
    owner,
    ...(runbook === undefined ? undefined : { runbook }),
    ...(onCall === undefined ? undefined : { onCall }),
    traces: found,
    ...(change === undefined ? undefined : { change }),
    link,
  };
}

/** What a team is told when somebody else is on call. */
export function handOverNotice(
  handOver: NonNullable<Notice["handOver"]>,
  { app, dashboard, environment }: Origin,
  at: string,
): Notice {
  const { firing, from, silenced, team, to } = handOver;
  const who =
    from === undefined
      ? `${to.name} is on call for ${team} until ${to.until}.`
      : `${from.name} hands over to ${to.name}, who is on call for ${team} until ${to.until}.`;
  const lines = [
    who,
    "",
    firing.length === 0 ? "Nothing fires." : "Firing:",
    ...firing.map(({ sentence, since }) => `- since ${since}: ${sentence}`),
    ...(silenced.length === 0 ? ["Nothing is silenced."] : ["Silenced:"]),
    ...silenced.map(
      ({ because, operation, service, until }) =>
        `- ${service}${operation === undefined ? "" : `.${operation}`} until ${until}: ${because}`,
    ),
  ];
  const link = `${dashboard}/alerts`;
  return {
    version: 1,
    id: `${team}-${at}-hand-over`,
    kind: "hand-over",
    app,
    environment,
    at,
    text: [...lines, `Alerts: ${link}`].join("\n"),
    handOver,
    owner: team,
    onCall: to,
    link,
  };
}

/** What is sent to try a destination. */
export function testNotice(
  { app, dashboard, environment }: Origin,
  id: string,
  at: string,
): Notice {
  const link = `${dashboard}/alerts`;
  const text = `This is a test: alerts of ${app} in ${environment} reach you here.\n${link}`;
  return { version: 1, id, kind: "test", app, environment, at, text, link };
}

/** An alert as it is told. */
export function toldAlert({
  id,
  kind,
  operation,
  resolvedAt,
  sentence,
  service,
  since,
  target,
  withinMs,
}: KeptAlert): ToldAlert {
  return {
    id,
    service,
    operation,
    kind,
    target,
    ...(withinMs === undefined ? undefined : { withinMs }),
    since,
    ...(resolvedAt === undefined ? undefined : { resolvedAt }),
    sentence,
  };
}

function resolvedText(alert: KeptAlert): string {
  const { operation, resolved, resolvedAt = "", service, since } = alert;
  const name = `${service}.${operation}`;
  const lasted = span(Date.parse(resolvedAt) - Date.parse(since));
  if (resolved === "unpromised")
    return `Nothing is promised of ${name} any more: its objective of ${objectiveText(alert)} is gone.`;
  return resolved === "not called"
    ? `Nobody calls ${name} any more, so that its objective of ${objectiveText(alert)} is not missed; whether it is well is not known. It was missed for ${lasted}.`
    : `${name} meets its objective of ${objectiveText(alert)} again; it was missed for ${lasted}.`;
}
