import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every command on rotas takes. */
export interface OnCallOptions {
  home?: string;
  json?: true;
}

/** What `kerf oncall set` takes. */
export interface SetRotaOptions extends OnCallOptions {
  file?: string;
}

/** What `kerf oncall swap` takes. */
export interface SwapOptions extends OnCallOptions {
  to: string;
  from?: string;
  until: string;
}

/** `kerf oncall`: who of a team is on call. */
export function onCallCommand(): Command {
  return new Command("oncall")
    .summary("see and set who is on call")
    .description(
      "Works with the rotas of teams. A team is the owner of a service. Without a subcommand it says who is on call.",
    )
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("ls")
          .summary("say who is on call")
          .description(
            "Says who of each team is on call now, until when, and who is next. The same as kerf oncall.",
          )
          .argument("[team]", "of one team")
          .addOption(homeOption())
          .option(
            "--json",
            "print {teams: [{team, now, next, rota, swaps, services}], without} as JSON",
          )
          .action(async (team: string | undefined, options: OnCallOptions) => {
            const { showOnCall } = await import("../on-call/show.ts");
            await showOnCall(team, options);
          }),
        [["kerf oncall", "who now, who next, until when"]],
      ),
      { isDefault: true },
    )
    .addCommand(
      examples(
        new Command("set")
          .summary("set the rota of a team")
          .description(
            'Sets who of a team is on call in turn, from JSON: {"people": [{"name", "email"}], "turnDays": 7, "timeZone": "Europe/Berlin", "handOver": "09:00", "begins": "2026-01-05"}. Swaps with people who stay hold.',
          )
          .argument("<team>", "as services name it as their owner")
          .option("--file <file>", "read it from here; from stdin without it")
          .addOption(homeOption())
          .option("--json", "print {team} as JSON")
          .action(async (team: string, options: SetRotaOptions) => {
            const { setRota } = await import("../on-call/set.ts");
            await setRota(team, options);
          }),
        [["kerf oncall set checkout-team --file rota.json", "from a file"]],
      ),
    )
    .addCommand(
      examples(
        new Command("swap")
          .summary("have somebody else take over for a while")
          .description(
            "Somebody else of the team's rota is on call for a while; then the rota goes on. Both are told when it is handed over.",
          )
          .argument("<team>", "whose rota")
          .requiredOption("--to <name>", "who takes over")
          .option("--from <time>", "from when on, such as 2026-01-07T18:00 (default: now)")
          .requiredOption(
            "--until <time>",
            "until when, or for how long: 2026-01-08T09:00, 12h, 2d",
          )
          .addOption(homeOption())
          .option("--json", "print {team} as JSON")
          .action(async (team: string, options: SwapOptions) => {
            const { swapOnCall } = await import("../on-call/swap.ts");
            await swapOnCall(team, options);
          }),
        [["kerf oncall swap checkout-team --to grace --until 12h", "for tonight"]],
      ),
    )
    .addCommand(
      examples(
        new Command("rm")
          .summary("remove the rota of a team")
          .description("Removes the rota of a team with its swaps: nobody of it is on call.")
          .argument("<team>", "whose rota")
          .addOption(homeOption())
          .option("--json", "print {} as JSON")
          .action(async (team: string, options: OnCallOptions) => {
            const { removeRota } = await import("../on-call/set.ts");
            await removeRota(team, options);
          }),
        [["kerf oncall rm checkout-team", "the team is no more"]],
      ),
    );
}
