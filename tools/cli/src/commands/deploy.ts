import { KerfError } from "@kerf/kernel";
import { Command, InvalidArgumentError } from "commander";
import { labelOption } from "../build/build-label.ts";
import type { ChangeOptions } from "../changes/run-change.ts";
import { examples } from "../examples.ts";
import {
  type DeployTarget,
  deployTarget,
  type SshTarget,
  sshTarget,
} from "../export/ssh-target.ts";
import { watchOption, withChangeOptions } from "./change-options.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf deploy` takes. */
export interface DeployOptions extends ChangeOptions {
  all?: true;
  force?: true;
  canary?: number;
  watch?: number;
  app?: string;
  label?: string;
  expose?: string;
  remove?: string[];
  image?: string;
  env?: Record<string, string>;
  port?: number;
  replicas?: number;
  domain?: string;
  memory?: number;
  target?: DeployTarget;
  sshConfig?: string;
  secret?: Record<string, string>;
  sidecar?: true;
  uses?: string[];
  allow?: string[];
  follows?: string[];
  emits?: Record<string, string>;
  cpus?: number;
  options?: string;
  context?: string;
  dryRun?: true;
}

/** What `kerf rollback` takes. */
interface RollbackOptions extends ChangeOptions {
  force?: true;
  app?: string;
  target?: SshTarget;
  options?: string;
  sshConfig?: string;
}

/** What `kerf can-i-deploy` takes. */
export type MayDeployOptions = Pick<DeployOptions, "all" | "app" | "home" | "json" | "label">;

/** What `kerf releases` takes. */
export interface ReleasesOptions {
  home?: string;
  json?: true;
}

const verdictHelp =
  "print it as JSON: {verdict, findings: [{verdict, about, service, consumer, operation, path, message}]}";

/** `10%` as a share. */
function percentage(text: string): number {
  const [, number] = /^(\d{1,2})\s*%?$/.exec(text) ?? [];
  const share = Number(number) / 100;
  if (share > 0) return share;
  throw new InvalidArgumentError("It is from 1% to 99%.");
}

/** `NAME=VALUE`, once or several times. */
function variable(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value = ""] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It is written NAME=VALUE.");
  return { ...before, [name]: value };
}

/** `NAME=FILE`, once or several times. */
function secretFile(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, file] = /^([A-Za-z0-9][\w.-]*)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || file === undefined)
    throw new InvalidArgumentError("It is written NAME=FILE; the file holds the value.");
  return { ...before, [name]: file };
}

/** `tagged:text`, once or several times. */
function emitted(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, field] = /^([A-Za-z][A-Za-z0-9]{0,63}):(\w{1,64})$/.exec(text) ?? [];
  if (name === undefined || field === undefined)
    throw new InvalidArgumentError("It is written EVENT:FIELD, as tagged:text.");
  return { ...before, [name]: field };
}

/** A whole number from 1. */
function whole(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,5}$/.test(text) && number >= 1 && number <= most) return number;
    throw new InvalidArgumentError(`It must be a number from 1 to ${most}.`);
  };
}

/** The number of a release, as `kerf releases` shows it behind the `@`. */
function releaseNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a number: of main@3, the 3. kerf releases lists them.");
}

/** `catalog,payments`. */
function names(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

/** `512MB` in bytes, or as Docker writes it: `512m`. */
function size(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})(MB|GB|m|g)$/.exec(text) ?? [];
  if (unit === "") throw new InvalidArgumentError("It is written like 512MB or 2GB.");
  return Number(count) * (/^g/i.test(unit) ? 1_073_741_824 : 1_048_576);
}

/** `0.5`: half of a processor. */
function processors(text: string): number {
  const number = Number(text);
  if (/^\d{0,4}(\.\d{1,3})?$/.test(text) && number >= 0.01 && number <= 1_024) return number;
  throw new InvalidArgumentError("It is a number from 0.01, such as 0.5 for half of a processor.");
}

/** Throws `usage` for what is said of an image of somebody else, of which there is none. */
function assertOfBuilds({
  all,
  app,
  cpus,
  domain,
  env,
  label,
  memory,
  port,
  replicas,
  remove,
}: DeployOptions): void {
  const set = Object.entries({
    all,
    app,
    cpus,
    domain,
    env,
    label,
    memory,
    port,
    remove,
    replicas,
  });
  const [wrong] = set.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
  if (wrong === undefined) return;
  throw new KerfError("usage", {
    message: `With services and --image, ${wrong} says nothing: the services are taken out of the image as they were built.`,
    fix: "Leave it out; or leave out the services, and the image runs as it is: kerf deploy --app NAME --image REF",
  });
}

/** `kerf deploy`: new code of some services, and of no others. */
export function deployCommand(): Command {
  return examples(
    withChangeOptions(new Command("deploy"))
      .summary("build services and run them in the place of what runs")
      .description(
        "Builds services from the source here and rolls their units to a release with them: tables first, then new copies beside the old ones, then " +
          "everyone calls the new ones, and the old ones finish what they have begun. Other services of the same unit keep their builds; other units are " +
          "not touched. Several are one change: services that are called start before those that call them. Gateways, policies and new services come with --all, " +
          "a gateway alone with gateway:NAME. When a step fails, what served before serves on, and the exit code says so. With --image it is an image of somebody " +
          "else that runs as a service, where units are containers (kerf up --runtime docker): new copies first, then everyone is told, then the old ones end. With --image and " +
          "services, those are not built, but taken out of an image that kerf build SERVICE --image REF has made.",
      )
      .argument(
        "[services...]",
        "names, gateway:NAME, or the file of one service that no app here names",
      )
      .option(
        "--all",
        "every service and backend whose code has changed, and whatever else the app says differently",
      )
      .option(
        "--remove <service...>",
        "with --all: services that the app has no more; with --target ssh://… also alone",
      )
      .option(
        "--app <file or name>",
        "module that declares the app (default: app.ts or app.js here); with --image, what the image is called",
      )
      .addOption(labelOption())
      .option(
        "--image <ref>",
        "with --app, run this image as a service: nginx:1.29; with services, the image that brings their builds",
      )
      .option(
        "--env <name=value...>",
        "with --image: variables of its processes; no secrets",
        variable,
      )
      .option(
        "--secret <name=file...>",
        "with --image: secrets from files here, which its processes find as /run/secrets/NAME",
        secretFile,
      )
      .option("--port <number>", "with --image: where it listens (default: 8080)", whole(65_535))
      .option("--replicas <number>", "with --image: how many copies (default: 1)", whole(100))
      .option(
        "--domain <host>",
        "with --image: the host that requests are for (default: /NAME/* of any)",
      )
      .option("--memory <size>", "with --image: most memory of a copy, as 512MB or 2GB", size)
      .option(
        "--sidecar",
        "with --image: a sidecar beside each copy, with mutual TLS from the gateway and a span of its own",
      )
      .option(
        "--uses <services>",
        "with --sidecar: services that the program calls, as catalog,payments; images with sidecars too",
        names,
      )
      .option(
        "--follows <events>",
        "with --sidecar: events that are posted to the program, as notes.added,orders.placed",
        names,
      )
      .option(
        "--emits <event:field...>",
        "with --sidecar: events that it emits, each with the field that orders it, as tagged:text",
        emitted,
      )
      .option(
        "--allow <hosts>",
        "with --sidecar: hosts outside of the app that it reaches through the sidecar",
        names,
      )
      .option("--cpus <number>", "with --image: most processors of a copy, as 0.5", processors)
      .option("--expose <gateway>", "a gateway that is to expose a new service")
      .option("--force", "even though the gate speaks against it; goes on record")
      .option(
        "--canary <percent>",
        "share of the calls that the new release gets at first, as 10%",
        percentage,
      )
      .addOption(watchOption())
      .option(
        "--target <where>",
        "instead of to the platform here: kubernetes, a cluster, the app whole; ssh://user@host,host, machines with systemd",
        deployTarget,
      )
      .option(
        "--options <file>",
        "with --target: the options of kerf export kubernetes, or systemd, as on its command line",
      )
      .option("--context <name>", "with --target kubernetes: the cluster, as kubectl knows it")
      .option("--dry-run", "with --target: only say what it would change")
      .option("--ssh-config <file>", "with --target ssh://…: instead of your own (ssh -F)")
      .action(async (services: string[], options: DeployOptions) => {
        if (options.image !== undefined && services.length > 0) {
          const { deployBuildsOf } = await import("../changes/deploy.ts");
          assertOfBuilds(options);
          return deployBuildsOf(options.image, services, options);
        }
        if (options.image !== undefined) {
          const { deployImage } = await import("../changes/deploy-image.ts");
          return deployImage({ ...options, image: options.image });
        }
        if (typeof options.target === "object") {
          const { deployToMachines } = await import("../export/deploy-to-machines.ts");
          await deployToMachines(services, options.target, options);
          return;
        }
        if (options.target !== undefined) {
          const { deployToCluster } = await import("../export/deploy-to-cluster.ts");
          await deployToCluster(services, options);
          return;
        }
        const { assertNamed } = await import("../changes/assert-named.ts");
        assertNamed(services, options.all);
        const { deploy } = await import("../changes/deploy.ts");
        await deploy(services, options);
      }),
    [
      ["kerf deploy payments", "a fix to payments, and nothing else"],
      [
        "kerf deploy payments --canary 10% --watch 60",
        "a tenth of the calls for a minute, then all",
      ],
      ["kerf deploy --all", "whatever has changed"],
      [
        "kerf deploy --all --remove search",
        "a service that the app has no more; its database stays",
      ],
      ["kerf deploy gateway:web", "routes, limits and backend of a gateway"],
      [
        "kerf deploy --app docs --image nginx:1.29 --port 80 --replicas 2 --domain docs.example.com",
        "an image of somebody else",
      ],
      [
        "kerf deploy --app billing --image team/billing:4 --sidecar --uses payments",
        "one that calls payments, behind mutual TLS",
      ],
      [
        "kerf deploy orders --image registry.example.com/shop/orders:1.4.0",
        "the build in an image that another machine has made and tested",
      ],
      ["kerf deploy ./service.ts --expose web", "a service that has a repository of its own"],
      [
        "kerf deploy --target kubernetes --options kubernetes.options --dry-run",
        "what it would change in the cluster that kubectl talks to",
      ],
      [
        "kerf deploy --all --target ssh://deploy@one.internal,two.internal --options systemd.options",
        "machines with systemd, one after the other",
      ],
      [
        "kerf deploy --remove search --target ssh://deploy@one.internal,two.internal --options systemd.options",
        "what machines are to run no more",
      ],
    ],
  );
}

/** `kerf rollback`: what ran before. */
export function rollbackCommand(): Command {
  return examples(
    withChangeOptions(new Command("rollback"))
      .summary("run an earlier release of a unit again")
      .description(
        "Rolls a unit back to the release that ran before, or to another one. Its tables stay as they are: migrations only add. With app:NAME it is what the app " +
          "says beside its services that goes back: gateways, policies, telemetry, limits, scaling, objectives. Code and placement stay, and units do not bring them along.",
      )
      .argument("<unit>", "the unit, gateway:NAME, or app:NAME")
      .argument("[release]", "its number (default: the one that ran before)", releaseNumber)
      .option("--force", "even though the gate speaks against it; goes on record")
      .option(
        "--target <where>",
        "on machines with systemd, ssh://user@host,host, instead of the platform here",
        sshTarget,
      )
      .option("--app <file>", "with --target: module that declares the app")
      .option("--options <file>", "with --target: the options of kerf export systemd")
      .option("--ssh-config <file>", "with --target: instead of your own (ssh -F)")
      .action(async (unit: string, release: number | undefined, options: RollbackOptions) => {
        if (options.target !== undefined) {
          const { deployToMachines } = await import("../export/deploy-to-machines.ts");
          const back = { release: release?.toString() };
          return deployToMachines([unit], options.target, options, back);
        }
        const { runChange } = await import("../changes/run-change.ts");
        await runChange(options, (client, asked) =>
          client.rollback({
            ...asked,
            unit,
            ...(release === undefined ? undefined : { release }),
            ...(options.force === true ? { force: true } : undefined),
          }),
        );
      }),
    [
      ["kerf rollback payments", "back to what ran before"],
      ["kerf rollback main 3", "to its third release"],
      ["kerf rollback app:shop", "gateways and policies as they were; no code"],
      [
        "kerf rollback payments --target ssh://deploy@one.internal,two.internal --options systemd.options",
        "on machines: what ran there before",
      ],
    ],
  );
}

/** `kerf can-i-deploy`: what the gate would say. */
export function mayDeployCommand(): Command {
  return examples(
    new Command("can-i-deploy")
      .summary("ask whether services go together with what runs")
      .description(
        "Builds services and holds them against everything that runs, in both directions: contracts of operations and events, migrations against the code " +
          "that runs, sagas that are not at their end. Changes nothing. Ends with 1 when something speaks against it.",
      )
      .argument("[services...]", "names, or the file of one service that no app here names")
      .option("--all", "every service and backend whose code has changed")
      .option("--app <file>", "module that declares the app (default: app.ts or app.js here)")
      .addOption(homeOption())
      .option("--json", verdictHelp)
      .action(async (services: string[], options: MayDeployOptions) => {
        const { assertNamed } = await import("../changes/assert-named.ts");
        assertNamed(services, options.all);
        const { mayDeploy } = await import("../changes/may-deploy.ts");
        await mayDeploy(services, options);
      }),
    [["kerf can-i-deploy payments", "before it is merged"]],
  );
}

/** `kerf can-i-roll-back`: what the gate would say. */
export function mayRollBackCommand(): Command {
  return examples(
    new Command("can-i-roll-back")
      .summary("ask whether an earlier release goes together with what runs")
      .description("As kerf can-i-deploy, for an earlier release of a unit. Changes nothing.")
      .argument("<unit>", "the unit, or gateway:NAME")
      .argument("[release]", "its number (default: the one that ran before)", releaseNumber)
      .addOption(homeOption())
      .option("--json", verdictHelp)
      .action(async (unit: string, release: number | undefined, options: ReleasesOptions) => {
        const { mayRollBack } = await import("../changes/may-deploy.ts");
        await mayRollBack(unit, release, options);
      }),
    [["kerf can-i-roll-back payments", "before it is needed"]],
  );
}

/** `kerf releases`: what was deployed when. */
export function releasesCommand(): Command {
  return examples(
    new Command("releases")
      .summary("list the releases of units")
      .description(
        "Lists the releases of one unit, or of all and of the app, the newest first: when it was made, by whom and for what, and what it has that the one before it had not: builds, and names of settings and secrets. One that never served says at which step its change failed, and why. Where it says before, a rollback goes that names none. Never values of secrets.",
      )
      .argument("[unit]", "one unit, gateway:NAME, or app:NAME (default: all)")
      .addOption(homeOption())
      .option(
        "--json",
        "print it as JSON: [{unit, number, builds, versions, settings, set, running, back, failed, failure, at, by, why}]",
      )
      .action(async (unit: string | undefined, options: ReleasesOptions) => {
        const { listReleases } = await import("../changes/list-releases.ts");
        await listReleases(unit, options);
      }),
    [["kerf releases payments", "what there is to go back to"]],
  );
}
