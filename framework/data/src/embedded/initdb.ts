import { rm, writeFile } from "node:fs/promises";
import { scramVerifier } from "../scram.ts";
import type { ServerAccount } from "./account.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { own } from "./own.ts";
import { runProgram } from "./program.ts";

/** The superuser of every embedded server. */
export const superuser = "kerf";

/** Makes a cluster in the empty directory `data`. `password`: the superuser's; `sync`: force it to disk before it returns. */
export async function initdb(
  binaries: PostgresBinaries,
  account: ServerAccount,
  data: string,
  password: string,
  options: { sync: boolean; signal?: AbortSignal | undefined },
): Promise<void> {
  const passwordFile = `${data}.password`;
  try {
    await writeFile(passwordFile, "", { mode: 0o600 });
    await own(account, passwordFile);
    // What initdb reads is the verifier, so that the password itself is in no file that the account can read.
    await writeFile(passwordFile, `${scramVerifier(password)}\n`);
    await runProgram(
      account,
      binaries.initdb,
      [
        `--pgdata=${data}`,
        `--username=${superuser}`,
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        ...(options.sync ? [] : ["--no-sync"]),
      ],
      { signal: options.signal },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}
