import type { KeysOptions } from "../commands/keys.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { readKeys } from "./keys-file.ts";

/** Prints the keys of a file. */
export function listKeys({ file, json }: KeysOptions): void {
  const keys = readKeys(file).map(({ sha256: _hash, ...shown }) => shown);
  if (json === true) return printJson(keys);
  if (keys.length === 0) return void process.stdout.write(`${file} has no keys.\n`);
  const now = Date.now();
  const rows = keys.map(({ id, subject, created, expires, disabled }) => [
    id,
    printable(subject),
    created.slice(0, 10),
    expires?.slice(0, 10) ?? "never",
    disabled === true
      ? "revoked"
      : expires !== undefined && Date.parse(expires) <= now
        ? "expired"
        : "good",
  ]);
  const titles = ["ID", "SUBJECT", "CREATED", "EXPIRES", "STATE"];
  process.stdout.write(
    `${table(
      titles.map((title) => ({ title })),
      rows,
    )}\n`,
  );
}
