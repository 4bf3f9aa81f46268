import { Option } from "commander";

/** Which running platform a command talks to. */
export function homeOption(): Option {
  return new Option(
    "--home <dir>",
    "state of the platform to talk to (default: KERF_HOME, or .kerf here or above)",
  );
}
