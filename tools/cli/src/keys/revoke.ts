import { KerfError } from "@kerf/kernel";
import type { KeysOptions } from "../commands/keys.ts";
import { printJson } from "../output/json.ts";
import { changeKeys } from "./keys-file.ts";

/** Disables a key. @throws KerfError `not_found` */
export async function revokeKey(id: string, { file, json }: KeysOptions): Promise<void> {
  await changeKeys(file, (keys) => {
    if (keys.some((key) => key.id === id))
      return keys.map((key) => (key.id === id ? { ...key, disabled: true } : key));
    throw new KerfError("not_found", {
      message: `${file} has no key ${id}.`,
      fix: "kerf keys ls says which there are.",
    });
  });
  if (json === true) return printJson({ id });
  process.stdout.write(`The key ${id} is revoked.\n`);
}
