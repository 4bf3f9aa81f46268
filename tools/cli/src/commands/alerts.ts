import { Command, InvalidArgumentError } from "commander";
import { examples } from "../examples.ts";
import { destinationsCommand } from "./alert-destinations.ts";
import { homeOption } from "./home-option.ts";

/** What every command on alerts takes. */
export interface AlertsOptions {
  home?: string;
  json?: true;
}

/** What `kerf alerts ls` takes. */
export interface ListAlertsOptions extends AlertsOptions {
  all?: true;
}

/** What `kerf alerts ack` takes. */
export interface AckOptions extends AlertsOptions {
  note?: string;
}

/** What `kerf alerts silence` takes. */
export interface SilenceOptions extends AlertsOptions {
  for: number;
  because: string;
}

/** Milliseconds of a span. */
const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function span(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  if (unit === "")
    throw new InvalidArgumentError("It must be a number and s, m, h or d, such as 2h.");
  return Number(digits) * (units[unit] as number);
}

/** `kerf alerts`: what is promised and missed, and who is told. */
export function alertsCommand(): Command {
  return new Command("alerts")
    .summary("see what is missed, silence it, and say who is told")
    .description(
      "Works with objectives that are missed. Without a subcommand it lists them. docs/guides/alerts.md says what is promised, when it counts as missed and what is sent.",
    )
    .helpCommand(false)
    .addCommand(lsCommand(), { isDefault: true })
    .addCommand(objectivesCommand())
    .addCommand(ackCommand())
    .addCommand(silenceCommand())
    .addCommand(silencesCommand())
    .addCommand(endCommand())
    .addCommand(destinationsCommand());
}

function lsCommand(): Command {
  return examples(
    new Command("ls")
      .summary("list what fires")
      .description(
        "Lists the objectives that are missed now: by how much, since when, whose they are, what was changed before, and traces that show it. The same as kerf alerts.",
      )
      .option("--all", "with those that are over")
      .addOption(homeOption())
      .option(
        "--json",
        "print {alerts, silences, objectives, judgedAt, problem, destinations} as JSON",
      )
      .action(async (options: ListAlertsOptions) => {
        const { listAlerts } = await import("../alerts/list.ts");
        await listAlerts(options);
      }),
    [
      ["kerf alerts", "what fires now"],
      [
        "kerf alerts --all --json | jq '.alerts[] | select(.state == \"resolved\") | .sentence'",
        "what did",
      ],
    ],
  );
}

function objectivesCommand(): Command {
  return examples(
    new Command("objectives")
      .summary("list what is promised, and how fast its budget is spent")
      .description(
        "Lists the objectives of each operation with the rate at which its budget is spent over each window: 1 is what is allowed.",
      )
      .argument("[service]", "of one service")
      .addOption(homeOption())
      .option(
        "--json",
        "print {objectives: [{service, operation, kind, target, owner, burns, …}]} as JSON",
      )
      .action(async (service: string | undefined, options: AlertsOptions) => {
        const { listObjectives } = await import("../alerts/objectives.ts");
        await listObjectives(service, options);
      }),
    [["kerf alerts objectives payments", "of one service"]],
  );
}

function ackCommand(): Command {
  return examples(
    new Command("ack")
      .summary("say that you take care of an alert")
      .description("Marks an alert as taken care of, with your name, for all who look.")
      .argument("<id>", "its id, as kerf alerts shows it")
      .option("--note <text>", "what you found out so far")
      .addOption(homeOption())
      .option("--json", "print {alert} as JSON")
      .action(async (id: string, options: AckOptions) => {
        const { acknowledge } = await import("../alerts/acknowledge.ts");
        await acknowledge(id, options);
      }),
    [["kerf alerts ack a-1f2e3d4c --note 'the provider is down'", "you are at it"]],
  );
}

function silenceCommand(): Command {
  return examples(
    new Command("silence")
      .summary("keep the alerts of a service or an operation quiet")
      .description(
        "Tells nobody of missed objectives for a while. They are judged and shown all the same; what still fires when the silence ends is told then. What was told before is told when it is over.",
      )
      .argument("<of>", "SERVICE, or SERVICE.OPERATION")
      .requiredOption("--for <span>", "how long: a number and s, m, h or d, at most 30d", span)
      .requiredOption("--because <why>", "for whoever looks")
      .addOption(homeOption())
      .option("--json", "print {silence} as JSON")
      .action(async (of: string, options: SilenceOptions) => {
        const { silence } = await import("../alerts/silence.ts");
        await silence(of, options);
      }),
    [
      ['kerf alerts silence payments --for 2h --because "the provider works on it"', "a service"],
      [
        'kerf alerts silence payments.refund --for 1d --because "known, fixed tomorrow"',
        "an operation",
      ],
    ],
  );
}

function silencesCommand(): Command {
  return examples(
    new Command("silences")
      .summary("list silences")
      .description("Lists what is kept quiet now, by whom, why and until when.")
      .addOption(homeOption())
      .option(
        "--json",
        "print {silences: [{id, service, operation, because, by, from, until}]} as JSON",
      )
      .action(async (options: AlertsOptions) => {
        const { listSilences } = await import("../alerts/silence.ts");
        await listSilences(options);
      }),
    [["kerf alerts silences", "what is kept quiet"]],
  );
}

function endCommand(): Command {
  return examples(
    new Command("end")
      .summary("end a silence early")
      .description("Ends a silence now: what fires is told.")
      .argument("<id>", "its id, as kerf alerts silences shows it")
      .addOption(homeOption())
      .option("--json", "print {silence} as JSON")
      .action(async (id: string, options: AlertsOptions) => {
        const { endSilence } = await import("../alerts/silence.ts");
        await endSilence(id, options);
      }),
    [["kerf alerts end s-1f2e3d4c", "it is mended already"]],
  );
}
