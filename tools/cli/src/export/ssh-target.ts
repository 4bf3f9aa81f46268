import { InvalidArgumentError } from "commander";

/** Where a deploy goes instead of the platform here. */
export type DeployTarget = "kubernetes" | SshTarget;

/** Machines that are reached by ssh. */
export interface SshTarget {
  readonly hosts: readonly {
    readonly host: string;
    readonly user?: string;
    readonly port?: number;
  }[];
}

const oneHost =
  /^(?:([A-Za-z0-9._-]+)@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?$/;

/** Reads `kubernetes`, or `ssh://user@host[:port][,host…]`; who logs in and where is that of the first for those that say nothing. */
export function deployTarget(text: string): DeployTarget {
  return text === "kubernetes" ? text : sshTarget(text);
}

/** Reads `ssh://user@host[:port][,host…]`. */
export function sshTarget(text: string): SshTarget {
  const [, list = ""] = /^ssh:\/\/([^/]+)\/?$/.exec(text) ?? [];
  const hosts: { host: string; user?: string; port?: number }[] = [];
  for (const one of list.split(",")) {
    const [, user = hosts[0]?.user, host = "", port] = oneHost.exec(one) ?? [];
    const number = port === undefined ? hosts[0]?.port : Number(port);
    if (host === "" || (number !== undefined && (number < 1 || number > 65_535)))
      throw new InvalidArgumentError(
        "It is kubernetes, or machines like ssh://deploy@one.example.com,two.example.com",
      );
    hosts.push({
      host: host.replace(/^\[|\]$/g, ""),
      ...(user === undefined ? undefined : { user }),
      ...(number === undefined ? undefined : { port: number }),
    });
  }
  return { hosts };
}
