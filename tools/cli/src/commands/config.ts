import { Command } from "commander";
import { examples } from "../examples.ts";
import type { SettingsChangeOptions } from "../changes/settings-change.ts";
import { waitOption, watchOption } from "./change-options.ts";
import { homeOption } from "./home-option.ts";

/** What every command on configuration takes. */
export interface ConfigOptions {
  home?: string;
  json?: true;
}

/** What `kerf config set` and `unset` take. */
export type ChangeConfigOptions = ConfigOptions & SettingsChangeOptions;

const changedHelp = "print {version, instances, waitsFor, ahead, before, values, report} as JSON";

/** `kerf config`: what services are configured with. */
export function configCommand(): Command {
  return new Command("config")
    .summary("look at and change the configuration of services")
    .description(
      "Works with the configuration that services declare. Each change is a new version, judged as a whole before anything changes; then the service's unit " +
        "starts anew with it, new copies first. Where releases run, it is a change like a deploy: watched, and taken back with kerf rollback.",
    )
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("get")
          .summary("show the configuration of a service")
          .description("Shows each setting of a service: what is set, or what it is by default.")
          .argument("<service>", "which service")
          .addOption(homeOption())
          .option("--json", "print {service, version, values, schema, at, by, ahead} as JSON")
          .action(async (service: string, options: ConfigOptions) => {
            const { getConfig } = await import("../config/get.ts");
            await getConfig(service, options);
          }),
        [["kerf config get payments", "what is set, and what can be"]],
      ),
    )
    .addCommand(
      examples(
        new Command("set")
          .summary("change settings of a service")
          .description(
            "Sets one setting or several at once. A value is text where the setting is text, and JSON otherwise.",
          )
          .argument("<service>", "which service")
          .argument("<name=value...>", "settings and their values")
          .option("--ahead", "keep them for code that declares them and comes with the next deploy")
          .addOption(watchOption())
          .addOption(waitOption())
          .addOption(homeOption())
          .option("--json", changedHelp)
          .action(async (service: string, settings: string[], options: ChangeConfigOptions) => {
            const { setConfig } = await import("../config/change.ts");
            await setConfig(service, settings, options);
          }),
        [
          ["kerf config set payments feePercent=1.5", "one setting"],
          [`kerf config set payments feePercent=1.5 'tiers=[{"from":100}]'`, "two at once"],
          ["kerf config set payments currency=EUR --ahead", "before the code that needs it"],
        ],
      ),
    )
    .addCommand(
      examples(
        new Command("unset")
          .summary("take settings back to their defaults")
          .description("Takes what was set back, so that the service's own default holds again.")
          .argument("<service>", "which service")
          .argument("<name...>", "settings")
          .addOption(watchOption())
          .addOption(waitOption())
          .addOption(homeOption())
          .option("--json", changedHelp)
          .action(async (service: string, names: string[], options: ChangeConfigOptions) => {
            const { unsetConfig } = await import("../config/change.ts");
            await unsetConfig(service, names, options);
          }),
        [["kerf config unset payments feePercent", "the default again"]],
      ),
    );
}
