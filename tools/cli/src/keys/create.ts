import { createHash, randomBytes } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import type { CreateKeyOptions } from "../commands/keys.ts";
import { printJson } from "../output/json.ts";
import { readExpiry } from "./expiry.ts";
import { changeKeys } from "./keys-file.ts";

/** Makes a key, adds its hash to the file, and prints it. */
export async function createKey(options: CreateKeyOptions): Promise<void> {
  const { file, subject } = options;
  if (subject === "") throw new KerfError("usage", "--subject is empty.");
  const now = new Date();
  const expires = readExpiry(options.expires, now)?.toISOString();
  const claims = readClaims(options.claims);
  const id = randomBytes(6).toString("hex");
  const key = `kerf_${id}_${randomBytes(32).toString("base64url")}`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  await changeKeys(file, (keys) => [
    ...keys,
    {
      id,
      sha256,
      subject,
      claims,
      created: now.toISOString(),
      ...(expires === undefined ? undefined : { expires }),
    },
  ]);
  if (options.json === true) return printJson({ id, key, subject, expires });
  process.stdout.write(`${key}\n`);
  process.stderr.write(
    `The key ${id} of ${subject}, ${expires === undefined ? "for ever" : `until ${expires}`}. It is not shown again.\n`,
  );
}

function readClaims(given: string | undefined): Record<string, unknown> {
  if (given === undefined) return {};
  let claims: unknown;
  try {
    claims = JSON.parse(given);
  } catch {
    claims = undefined;
  }
  if (typeof claims === "object" && claims !== null && !Array.isArray(claims))
    return claims as Record<string, unknown>;
  throw new KerfError("usage", {
    message: "--claims is no JSON object.",
    fix: `Quote it for the shell: --claims '{"role":"reader"}'`,
  });
}
