import { Option } from "commander";

/** Where an app that is started here keeps its state. */
export function stateOption(): Option {
  return new Option(
    "--home <dir>",
    "folder for all state (default: .kerf beside package.json)",
  ).env("KERF_HOME");
}
