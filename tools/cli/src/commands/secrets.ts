import { Command } from "commander";
import { examples } from "../examples.ts";
import type { SettingsChangeOptions } from "../changes/settings-change.ts";
import { waitOption, watchOption } from "./change-options.ts";
import { homeOption } from "./home-option.ts";

/** What every command on secrets takes. */
export interface SecretsOptions {
  home?: string;
  json?: true;
}

/** What `kerf secrets set` takes. */
export interface SetSecretOptions extends SettingsChangeOptions {
  file?: string;
}

const changedHelp = "print {version, instances, waitsFor, ahead, report} as JSON";

/** `kerf secrets`: what services must know and nobody else. */
export function secretsCommand(): Command {
  return new Command("secrets")
    .summary("set, list and remove the secrets of services")
    .description(
      "Works with the secrets that services declare. They are kept encrypted; no command shows a value, and none takes one as an argument.",
    )
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("set")
          .summary("set a secret of a service")
          .description(
            "Sets a secret: asks for its value at a terminal, without showing it, or reads it from stdin or a file. One line end at the end is left out. Then the service's unit starts anew with it, new copies first.",
          )
          .argument("<service>", "which service")
          .argument("<name>", "which of the secrets that it declares")
          .option("--file <file>", "read the value from here")
          .option("--ahead", "keep it for code that declares it and comes with the next deploy")
          .addOption(watchOption())
          .addOption(waitOption())
          .addOption(homeOption())
          .option("--json", changedHelp)
          .action(async (service: string, name: string, options: SetSecretOptions) => {
            const { setSecret } = await import("../secrets/set.ts");
            await setSecret(service, name, options);
          }),
        [
          ["kerf secrets set payments providerKey", "asks for the value"],
          ["kerf secrets set payments providerKey --file key.txt", "from a file"],
          ["kerf secrets set payments newKey --ahead", "before the code that needs it is deployed"],
        ],
      ),
    )
    .addCommand(
      examples(
        new Command("ls")
          .summary("list the secrets of a service")
          .description(
            "Lists the secrets of a service: which are set, since which version, when and by whom. Never values.",
          )
          .argument("<service>", "which service")
          .addOption(homeOption())
          .option(
            "--json",
            "print {service, version, secrets: [{name, set, declared, development, ahead, version, at, by}]} as JSON",
          )
          .action(async (service: string, options: SecretsOptions) => {
            const { listSecrets } = await import("../secrets/list.ts");
            await listSecrets(service, options);
          }),
        [["kerf secrets ls payments", "what is set and what is not"]],
      ),
    )
    .addCommand(
      examples(
        new Command("rm")
          .summary("remove a secret of a service")
          .description(
            "Removes a secret. From source, a service that needs it is not started without it, and the copies that run keep what they have; where releases run, a secret that is needed stays.",
          )
          .argument("<service>", "which service")
          .argument("<name>", "which secret")
          .addOption(watchOption())
          .addOption(waitOption())
          .addOption(homeOption())
          .option("--json", changedHelp)
          .action(async (service: string, name: string, options: SettingsChangeOptions) => {
            const { removeSecret } = await import("../secrets/remove.ts");
            await removeSecret(service, name, options);
          }),
        [["kerf secrets rm payments oldKey", "what the service no longer declares"]],
      ),
    )
    .addCommand(
      examples(
        new Command("rotate-master")
          .summary("make a new master key")
          .description(
            "Makes a new master key, puts the keys of all secrets under it, and lets go of the one before. Values stay as they are, and nothing starts anew.",
          )
          .addOption(homeOption())
          .option("--json", "print {master, services} as JSON")
          .action(async (options: SecretsOptions) => {
            const { rotateMaster } = await import("../secrets/rotate-master.ts");
            await rotateMaster(options);
          }),
        [["kerf secrets rotate-master", "when somebody may have seen the old one"]],
      ),
    );
}
