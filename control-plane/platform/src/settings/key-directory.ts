import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where the master key of an environment lies by default, and what must not be set back with the data: below the user's own configuration, outside of
 * `KERF_HOME`, so that a copy of that has no key. `state` tells the environments of several apps apart.
 */
export function keyDirectory(
  environment: string,
  state: string,
  from: NodeJS.ProcessEnv = process.env,
): string {
  const configuration = from["XDG_CONFIG_HOME"] || join(homedir(), ".config");
  const place = createHash("sha256").update(state).digest("hex").slice(0, 12);
  return join(configuration, "kerf", `${environment}-${place}`);
}
