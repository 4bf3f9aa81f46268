import { type ConnectionConfig, withConnection } from "@kerf/data";
import { KerfError } from "@kerf/kernel";

/**
 * Tries to log in with a password that must not hold any more, and answers what PostgreSQL says to that. Throws `internal` when it lets us in, and what
 * else went wrong.
 */
export async function refusedLogin(old: ConnectionConfig): Promise<string> {
  try {
    await withConnection(old, "kerf/rotate", () => Promise.resolve());
  } catch (thrown) {
    if (thrown instanceof KerfError && thrown.code === "forbidden") return thrown.why ?? "refused";
    throw thrown;
  }
  throw new KerfError("internal", {
    message: `PostgreSQL still lets ${old.user} in with the old password.`,
    why: "The password was exchanged, and the old one was to be refused.",
    fix: "Run kerf db rotate again. If the server trusts whoever connects (pg_hba.conf: trust), no password protects it.",
  });
}
