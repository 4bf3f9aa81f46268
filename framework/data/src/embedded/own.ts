import { chown } from "node:fs/promises";
import type { ServerAccount } from "./account.ts";

/** Gives files to the account that runs the server. */
export async function own(account: ServerAccount, ...files: string[]): Promise<void> {
  if (account.owner === undefined) return;
  for (const file of files) await chown(file, account.owner.uid, account.owner.gid);
}
