import type { ExportOptions } from "../export-options.ts";

/** What is decided for an app on machines of one's own, under systemd. */
export interface MachineOptions extends ExportOptions {
  /** The machines, as others reach them: names or addresses. */
  readonly hosts: readonly string[];
  /** Where programs run that do not run on all of them, by program (`orders`, `gateway-web`). */
  readonly places: Readonly<Record<string, readonly string[]>>;
  /** Absolute path on each machine below which everything lies, without the app's name. */
  readonly directory: string;
  /** First port of programs; each takes three. */
  readonly port: number;
  /** First port that clients reach gateways at. */
  readonly httpPort: number;
  /** Files with the URL of the administrator of each server of databases. */
  readonly servers: Readonly<Record<string, string>>;
}

/** Where everything lies on a machine when nobody says otherwise (Filesystem Hierarchy Standard: /opt is for packages of others). */
export const machineDirectory = "/opt/kerf";

/** The machines that a program runs on, in their order. */
export function hostsOf(
  program: string,
  { hosts, places }: Pick<MachineOptions, "hosts" | "places">,
): readonly string[] {
  return places[program] ?? hosts;
}
