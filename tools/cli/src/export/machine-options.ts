import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { brokerOptions, pairs, readConfig, withAppOptions } from "./export-options.ts";

/** What an export for machines takes. */
export interface MachineExportOptions {
  app?: string;
  home?: string;
  environment: string;
  config?: string;
  broker?: string;
  brokerSecret?: true;
  otlp?: string;
  host: string[];
  place: Record<string, string[]>;
  server: Record<string, string>;
  directory: string;
  port: number;
  httpPort: number;
  out: string;
}

/** The options of an export for machines with systemd. */
export function withMachineOptions(command: Command): Command {
  return withAppOptions(command)
    .option(
      "--host <name>",
      "a machine, as the others reach it; repeat it for more (default: this one alone)",
      (text: string, before: string[]) => [...before, hostName(text)],
      [],
    )
    .option(
      "--place <program=host,host>",
      "where a program runs that does not run on all of them; repeat it for more",
      places,
      {},
    )
    .option(
      "--server <name=file>",
      "file with the URL of the administrator of a server of databases; repeat it for more",
      pairs,
      {},
    )
    .option("--directory <path>", "where everything lies on the machines", absolute, "/opt/kerf")
    .option("--port <port>", "first port of programs, which take three each", port, 7100)
    .option("--http-port <port>", "port of the first gateway; the others follow", port, 8080)
    .option("--out <dir>", "folder of the export, with its secrets and ports", "systemd");
}

/** The options as the exporter takes them. */
export function machineOptions(options: MachineExportOptions): Record<string, unknown> {
  const { config, directory, environment, host, httpPort, otlp, place, server } = options;
  return {
    environment,
    registry: "none",
    replicas: 1,
    hosts: host.length === 0 ? ["127.0.0.1"] : host,
    places: place,
    directory,
    port: options.port,
    httpPort,
    servers: Object.fromEntries(
      Object.entries(server).map(([name, file]) => [name, resolve(file)]),
    ),
    ...(config === undefined ? undefined : { config: readConfig(config) }),
    ...brokerOptions(options),
    ...(otlp === undefined ? undefined : { otlp }),
  };
}

function hostName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.:-]*$/.test(text)) return text;
  throw new InvalidArgumentError("It is a name or an address.");
}

function places(
  text: string,
  before: Readonly<Record<string, string[]>>,
): Record<string, string[]> {
  const [[name, hosts] = ["", ""]] = Object.entries(pairs(text, {}));
  return { ...before, [name]: hosts.split(",").map(hostName) };
}

function absolute(text: string): string {
  // It goes into unit files and paths of scripts as it is.
  if (/^(?:\/[A-Za-z0-9._-]+)+$/.test(text)) return text;
  throw new InvalidArgumentError("It is an absolute path like /opt/kerf.");
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError("It is a port, from 1 to 65535.");
}
