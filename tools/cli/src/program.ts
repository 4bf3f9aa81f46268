import { Command } from "commander";
import { buildCommand } from "./commands/build.ts";
import { callCommand } from "./commands/call.ts";
import { cutCommand, joinCommand } from "./commands/cut.ts";
import { alertsCommand } from "./commands/alerts.ts";
import { auditCommand } from "./commands/audit.ts";
import { configCommand } from "./commands/config.ts";
import { dashboardCommand } from "./commands/dashboard.ts";
import { dbCommand } from "./commands/db.ts";
import {
  deployCommand,
  mayDeployCommand,
  mayRollBackCommand,
  releasesCommand,
  rollbackCommand,
} from "./commands/deploy.ts";
import { devCommand } from "./commands/dev.ts";
import { domainsCommand } from "./commands/domains.ts";
import { downCommand } from "./commands/down.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { eventsCommand } from "./commands/events.ts";
import { imagesCommand, undeployCommand } from "./commands/images.ts";
import { initCommand } from "./commands/init.ts";
import { keysCommand } from "./commands/keys.ts";
import { logsCommand } from "./commands/logs.ts";
import { onCallCommand } from "./commands/on-call.ts";
import { policiesCommand } from "./commands/policies.ts";
import { abandonCommand, promoteCommand } from "./commands/promote.ts";
import { reconcileCommand } from "./commands/reconcile.ts";
import { routesCommand } from "./commands/routes.ts";
import { sagaCommand } from "./commands/saga.ts";
import { restartCommand, scaleCommand } from "./commands/scale.ts";
import { scheduleCommand } from "./commands/schedule.ts";
import { secretsCommand } from "./commands/secrets.ts";
import { sidecarCommand } from "./commands/sidecar.ts";
import { statusCommand } from "./commands/status.ts";
import { startCommand, stopCommand } from "./commands/stop.ts";
import { topCommand } from "./commands/top.ts";
import { traceCommand, tracesCommand } from "./commands/trace.ts";
import { whyCommand } from "./commands/why.ts";
import { tokensCommand } from "./commands/tokens.ts";
import { tourCommand } from "./commands/tour.ts";
import { upCommand } from "./commands/up.ts";
import { useTokenFile } from "./connection/token.ts";
import { exitCodeMeanings } from "./exit-code.ts";
import { version } from "./version.ts";

const exitCodeHelp = exitCodeMeanings
  .map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  .join("\n");

/** The whole command line: every command with its options, examples and help. What a command does is loaded when it runs. */
export function program(): Command {
  const kerf = new Command("kerf")
    .description(
      "Microservices in TypeScript: start as one program, cut where it hurts, join again.",
    )
    .version(version())
    .option(
      "--token-file <file>",
      "use this token, as kerf tokens add made it (default: the platform's own)",
    )
    .hook("preAction", (root) => useTokenFile(root.opts<{ tokenFile?: string }>().tokenFile))
    .helpCommand(false)
    .addHelpText("after", `\nExit codes:\n${exitCodeHelp}`)
    .addCommand(devCommand())
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(buildCommand())
    .addCommand(exportCommand())
    .addCommand(deployCommand())
    .addCommand(rollbackCommand())
    .addCommand(promoteCommand())
    .addCommand(abandonCommand())
    .addCommand(mayDeployCommand())
    .addCommand(mayRollBackCommand())
    .addCommand(releasesCommand())
    .addCommand(imagesCommand())
    .addCommand(undeployCommand())
    .addCommand(statusCommand())
    .addCommand(dashboardCommand())
    .addCommand(logsCommand())
    .addCommand(tracesCommand())
    .addCommand(traceCommand())
    .addCommand(whyCommand())
    .addCommand(topCommand())
    .addCommand(callCommand())
    .addCommand(cutCommand())
    .addCommand(joinCommand())
    .addCommand(scaleCommand())
    .addCommand(restartCommand())
    .addCommand(stopCommand())
    .addCommand(startCommand())
    .addCommand(policiesCommand())
    .addCommand(routesCommand())
    .addCommand(domainsCommand())
    .addCommand(eventsCommand())
    .addCommand(sagaCommand())
    .addCommand(scheduleCommand())
    .addCommand(reconcileCommand())
    .addCommand(configCommand())
    .addCommand(secretsCommand())
    .addCommand(alertsCommand())
    .addCommand(onCallCommand())
    .addCommand(auditCommand())
    .addCommand(tokensCommand())
    .addCommand(dbCommand())
    .addCommand(sidecarCommand())
    .addCommand(keysCommand())
    .addCommand(doctorCommand())
    .addCommand(initCommand())
    .addCommand(tourCommand());
  for (const command of withSubcommands(kerf)) {
    // main.ts prints every error, in one form.
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  return kerf;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
