import { parseArgs } from "node:util";
import { KerfError } from "@kerf/kernel";
import { certificateLives } from "../resources/certificate-lives.ts";
import type { IssueOrder } from "./issue-certificates.ts";

/** What a run is told: what to do, and in which namespace. */
export interface NamespacedOrder extends IssueOrder {
  readonly namespace: string;
}

/** An order as the arguments of the program. */
export function issueArguments({
  authority,
  environment,
  identities,
  namespace,
}: Omit<NamespacedOrder, "lives">): string[] {
  return [
    `--environment=${environment}`,
    `--namespace=${namespace}`,
    `--authority=${authority}`,
    ...Object.entries(identities).map(([unit, secret]) => `${unit}=${secret}`),
  ];
}

/** Reads the arguments of the program. Throws `invalid_configuration`. */
export function issueOrderOf(args: readonly string[]): NamespacedOrder {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        environment: { type: "string" },
        namespace: { type: "string" },
        authority: { type: "string" },
      },
    });
    const { authority, environment, namespace } = values;
    const identities = positionals.map((each) => /^([^=]+)=([a-z0-9.-]+)$/.exec(each));
    if (authority === undefined || environment === undefined || namespace === undefined)
      throw new Error("--environment, --namespace and --authority are needed.");
    if (identities.includes(null)) throw new Error("A program is UNIT=SECRET.");
    return {
      authority,
      environment,
      namespace,
      identities: Object.fromEntries(identities.map((each) => [each?.[1], each?.[2]])),
      lives: certificateLives,
    };
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: "Nothing says whom to give certificates to.",
      why: (cause as Error).message,
      fix: "Have it written by kerf export kubernetes --certificates kerf.",
      cause,
    });
  }
}
