import { Command, Option } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every `kerf saga` command takes. */
export interface SagaOptions {
  home?: string;
  json?: true;
}

/** What `kerf saga ls` takes. */
export interface SagaListOptions extends SagaOptions {
  all?: true;
  name?: string;
}

/** What `kerf saga cancel|retry|resolve` take. */
export interface SagaActionOptions extends SagaOptions {
  note?: string;
}

/** `kerf saga`: what runs over several services, and what stopped. */
export function sagaCommand(): Command {
  return new Command("saga")
    .summary("see sagas, and mend those that are stuck")
    .description("Shows the sagas of running services, and acts on them for an operator.")
    .helpCommand(false)
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(
      actionCommand("retry", {
        summary: "let a stuck saga go on where it stopped",
        description:
          "Lets a stuck saga go on where it stopped, forwards or undoing. What is recorded is not done again.",
        note: new Option("--note <text>", "why; kept with the saga"),
      }),
    )
    .addCommand(
      actionCommand("cancel", {
        summary: "undo what a saga has done",
        description:
          "Ends a saga and undoes what it has done, last first. A call whose outcome is not known is first resolved under its key. " +
          "Refused beyond the pivot, from where on nothing is undone.",
        note: new Option("--note <text>", "why; kept with the saga"),
      }),
    )
    .addCommand(
      actionCommand("resolve", {
        summary: "mark a stuck saga as settled by hand",
        description:
          "Marks a stuck saga as settled by hand: nothing of it is done or undone any more. Who, when and why are kept with it.",
        note: new Option("--note <text>", "why it is settled").makeOptionMandatory(),
      }),
    );
}

function listCommand(): Command {
  return examples(
    new Command("ls")
      .summary("list sagas")
      .description(
        "Lists the sagas that are not at their end, the newest first: of one service, or of all. At most 200 a service.",
      )
      .argument("[service]", "one service (default: all that keep data)")
      .option("--all", "those at their end too; they are kept for 30 days")
      .option("--name <saga>", "only sagas of this name")
      .addOption(homeOption())
      .option(
        "--json",
        "print it as JSON: [{service, id, name, version, state, startedAt, failure, …}]",
      )
      .action(async (service: string | undefined, options: SagaListOptions) => {
        const { listSagas } = await import("../sagas/list-sagas.ts");
        await listSagas(service, options);
      }),
    [
      ["kerf saga ls", "what runs, is being undone, or is stuck"],
      ["kerf saga ls orders --all --name checkout", "every checkout of the last 30 days"],
    ],
  );
}

function showCommand(): Command {
  return examples(
    new Command("show")
      .summary("draw one saga with its steps")
      .description("Draws a saga: each step with its time and answer, what was undone, and why.")
      .argument("<id>", "the saga; its service is found")
      .addOption(homeOption())
      .option("--json", "print it as JSON, with input and trace")
      .action(async (id: string, options: SagaOptions) => {
        const { showSaga } = await import("../sagas/show-saga.ts");
        await showSaga(id, options);
      }),
    [["kerf saga show 0192f0c1-5d3e-7a52-9a70-3c1f8b6a2e11", "its steps"]],
  );
}

function actionCommand(
  action: "retry" | "cancel" | "resolve",
  texts: { readonly summary: string; readonly description: string; readonly note: Option },
): Command {
  const id = "0192f0c1-5d3e-7a52-9a70-3c1f8b6a2e11";
  return examples(
    new Command(action)
      .summary(texts.summary)
      .description(texts.description)
      .argument("<id>", "the saga; its service is found")
      .addOption(texts.note)
      .addOption(homeOption())
      .option("--json", "print the saga as JSON as it is then")
      .action(async (saga: string, options: SagaActionOptions) => {
        const { actOnSaga } = await import("../sagas/act-on-saga.ts");
        await actOnSaga(action, saga, options);
      }),
    [[`kerf saga ${action} ${id} --note "refunded by phone"`, texts.summary]],
  );
}
