import { Command, Option } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every command on sagas takes. */
export interface SagaOptions {
  home?: string;
  json?: true;
}

/** What `kerf saga ls` takes. */
export interface SagaListOptions extends SagaOptions {
  state?: string;
}

/** What `kerf saga cancel` takes. */
export interface SagaCancelOptions extends SagaOptions {
  reason: string;
}

/** What `kerf saga resolve` takes. */
export interface SagaResolveOptions extends SagaOptions {
  note: string;
}

/** `kerf saga`: what runs over several services, how far it is, and what asks for somebody. */
export function sagaCommand(): Command {
  return new Command("saga")
    .summary("look at sagas, and settle what is stuck")
    .description("Works with the sagas of running services.")
    .helpCommand(false)
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(
      examples(
        act(
          "retry",
          "go on with a stuck saga",
          "Goes on with a stuck saga where it stopped, once its cause is mended.",
        ),
        [["kerf saga retry 0193f3c2-7b1e-7c4e-9d55-2f6f0c8b1a77", "after the fix"]],
      ),
    )
    .addCommand(
      examples(
        act(
          "cancel",
          "have a saga undone",
          "Has a saga undone from its next step on, with everything that it did. Refused beyond its pivot: then nothing is undone any more.",
        ).option("--reason <text>", "why; it is what undoing is told", "cancelled by an operator"),
        [
          [
            `kerf saga cancel 0193f3c2-7b1e-7c4e-9d55-2f6f0c8b1a77 --reason "ordered twice"`,
            "one saga",
          ],
        ],
      ),
    )
    .addCommand(
      examples(
        act(
          "resolve",
          "settle a stuck saga by hand",
          "Ends a stuck saga for good, when what it was to do has been done or undone by hand. The note is kept with it.",
        ).requiredOption("--note <text>", "what was done, for whoever asks later"),
        [
          [
            `kerf saga resolve 0193f3c2-7b1e-7c4e-9d55-2f6f0c8b1a77 --note "refunded by hand"`,
            "one saga",
          ],
        ],
      ),
    );
}

function listCommand(): Command {
  return examples(
    new Command("ls")
      .summary("list sagas")
      .description(
        "Lists the newest sagas of one service, or of all: what they do, since when, and why they fail.",
      )
      .argument("[service]", "one service; all of them without it")
      .addOption(
        new Option("--state <state>", "only those in this state").choices([
          "running",
          "undoing",
          "completed",
          "undone",
          "stuck",
          "settled",
        ]),
      )
      .addOption(homeOption())
      .option("--json", "print them as JSON: [{service, id, name, version, state, startedAt, …}]")
      .action(async (service: string | undefined, options: SagaListOptions) => {
        const { listSagas } = await import("../sagas/list.ts");
        await listSagas(service, options);
      }),
    [
      ["kerf saga ls --state stuck", "what asks for somebody"],
      ["kerf saga ls orders", "the newest of orders"],
    ],
  );
}

function showCommand(): Command {
  return examples(
    new Command("show")
      .summary("draw one saga: its steps, undos and failure")
      .description(
        "Draws what one saga did and undid, when, with which answers, and why it failed.",
      )
      .argument("<id>", "its id")
      .addOption(homeOption())
      .option("--json", "print it as JSON, with its input and the answers of its steps")
      .action(async (id: string, options: SagaOptions) => {
        const { showSaga } = await import("../sagas/show.ts");
        await showSaga(id, options);
      }),
    [["kerf saga show 0193f3c2-7b1e-7c4e-9d55-2f6f0c8b1a77", "one saga"]],
  );
}

function act(name: "retry" | "cancel" | "resolve", summary: string, description: string): Command {
  return new Command(name)
    .summary(summary)
    .description(description)
    .argument("<id>", "its id")
    .addOption(homeOption())
    .option("--json", "print it as JSON, as `kerf saga show` does")
    .action(async (id: string, options: SagaCancelOptions & SagaResolveOptions) => {
      const { actOnSaga } = await import("../sagas/act.ts");
      await actOnSaga(name, id, options);
    });
}
