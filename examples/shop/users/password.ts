import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

// One of the parameter sets of OWASP's password storage cheat sheet: N = 2^14, r = 8, p = 5; 16 MiB a hash.
const cost = { N: 16_384, r: 8, p: 5 };
const keyBytes = 32;

/** `scrypt$SALT$KEY`, both base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `scrypt$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/** Takes as long for an unknown account (`hash` undefined) as for a wrong password, so that time tells nothing. */
export async function passwordMatches(
  password: string,
  hash: string | undefined,
): Promise<boolean> {
  const [, salt = "", key = ""] = (hash ?? "").split("$");
  const expected = hash === undefined ? Buffer.alloc(keyBytes) : Buffer.from(key, "base64url");
  const actual = await derive(password, Buffer.from(salt, "base64url"));
  return (
    actual.length === expected.length && timingSafeEqual(actual, expected) && hash !== undefined
  );
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, keyBytes, cost, (failure, key) =>
      failure === null ? resolve(key) : reject(failure),
    );
  });
}
