import { Command } from "commander";
import { examples } from "../examples.ts";
import { portOption } from "./port-option.ts";
import { stateOption } from "./state-option.ts";

/** What `kerf doctor` takes. */
export interface DoctorOptions {
  port?: number;
  platformPort?: number;
  home?: string;
  json?: true;
}

/** `kerf doctor`: whether this machine is ready. */
export function doctorCommand(): Command {
  return examples(
    new Command("doctor")
      .summary("check whether this machine is ready")
      .description(
        "Checks whether this machine is ready to run apps: Node, the embedded PostgreSQL, user, disk, sockets, ports, " +
          "memory. Needs no running app. Says what to do about everything that is missing.",
      )
      .addOption(portOption("--port <number>", "port of the first gateway", "PORT", 8080))
      .addOption(
        portOption(
          "--platform-port <number>",
          "port of the platform's API",
          "KERF_PLATFORM_PORT",
          8090,
        ),
      )
      .addOption(stateOption())
      .option("--json", "print {ready, checks} as JSON")
      .action(async (options: DoctorOptions) => {
        const { doctor } = await import("../doctor/doctor.ts");
        await doctor(options);
      }),
    [
      ["kerf doctor", "everything that kerf dev needs"],
      ["kerf doctor --json | jq .ready", "for scripts"],
    ],
  );
}
