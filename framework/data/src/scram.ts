import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";
import { KerfError } from "@kerf/kernel";

/** Iterations of PBKDF2: PostgreSQL's own default. */
const defaultIterations = 4096;

/**
 * The SCRAM-SHA-256 verifier of a password (RFC 5802, RFC 7677) as PostgreSQL stores it. Sent instead of the password, so
 * that the password stands in no statement and in no log.
 */
export function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(16),
  iterations: number = defaultIterations,
): string {
  // Beyond ASCII, SASLprep (RFC 4013) would have to be applied; generated passwords never need it.
  if (!/^[\x21-\x7e]+$/.test(password)) {
    throw new KerfError("invalid_configuration", {
      message: "A database password has characters that it may not have.",
      why: "Passwords of roles are printable ASCII without spaces.",
      fix: "Generate it: randomBytes(32).toString('base64url').",
    });
  }
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

/** Whether a stored verifier belongs to the password. */
export function verifierMatches(verifier: string | null, password: string): boolean {
  const match = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier ?? "");
  if (match === null || verifier === null) return false;
  const [, iterations, salt] = match;
  const expected = Buffer.from(
    scramVerifier(password, Buffer.from(salt ?? "", "base64"), Number(iterations)),
  );
  const actual = Buffer.from(verifier);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
