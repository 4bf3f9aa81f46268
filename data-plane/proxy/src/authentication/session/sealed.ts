import { CompactEncrypt, compactDecrypt } from "jose";

/**
 * Longest sealed value, characters: browsers keep cookies of 4 096 bytes with their name and attributes (RFC 6265, 6.1).
 */
export const maxSealedLength = 3_800;

/** Encrypts and authenticates a value (JWE with `dir` and A256GCM). Undefined when it becomes too long for a cookie. */
export async function seal(value: object, key: Uint8Array): Promise<string | undefined> {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const sealed = await new CompactEncrypt(text)
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(key);
  return sealed.length > maxSealedLength ? undefined : sealed;
}

/** What was sealed, and whether with the first key; undefined for what none of the keys sealed. */
export async function open(
  sealed: string,
  keys: readonly Uint8Array[],
): Promise<{ value: unknown; newest: boolean } | undefined> {
  if (sealed.length > maxSealedLength) return undefined;
  for (const [index, key] of keys.entries()) {
    try {
      const { plaintext } = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      });
      return { value: JSON.parse(new TextDecoder().decode(plaintext)), newest: index === 0 };
    } catch {
      // Sealed with another key, or by somebody else: the next key, or nobody.
    }
  }
  return undefined;
}
