import { open, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { AddTokenOptions } from "../commands/tokens.ts";
import { withPlatform } from "../connection/connect.ts";
import { readExpiry } from "../keys/expiry.ts";
import { printJson } from "../output/json.ts";

/** Makes a token, and prints it or writes it into a file that only its owner can read. */
export async function addToken(name: string, options: AddTokenOptions): Promise<void> {
  const { json, out } = options;
  const services = options.services
    .split(",")
    .map((service) => service.trim())
    .filter((service) => service !== "");
  const expires = readExpiry(options.expires, new Date())?.toISOString();
  const asked = { name, services, ...(expires === undefined ? undefined : { expires }) };
  // The file first: a token that nobody got would have to be removed again.
  const file = out === undefined ? undefined : await newFile(resolve(out));
  try {
    await withPlatform(options, async ({ client }) => {
      const { token } = await client.addToken(asked);
      await file?.handle.writeFile(`${token}\n`);
      const made = file === undefined ? { token } : { file: file.path };
      if (json === true) return printJson({ ...asked, ...made });
      process.stdout.write(`${file?.path ?? token}\n`);
      process.stderr.write(
        `The token ${name} for ${services.join(", ")}, ${expires === undefined ? "for ever" : `until ${expires}`}. ${file === undefined ? "It is not shown again. " : ""}Use it with --token-file FILE.\n`,
      );
    });
  } catch (thrown) {
    if (file !== undefined) await rm(file.path, { force: true });
    throw thrown;
  } finally {
    await file?.handle.close();
  }
}

async function newFile(path: string) {
  try {
    return { path, handle: await open(path, "wx", 0o600) };
  } catch (cause) {
    throw new KerfError("usage", {
      message: `${path} cannot be made: ${(cause as Error).message}`,
      fix: "Give a file by --out that is not there yet.",
      cause,
    });
  }
}
