import type { CertificateLives } from "./certificate-lives.ts";
import { type AuthorityKey, makeAuthority } from "./certificates.ts";

/**
 * The authorities of an environment as they should be at `now` (wall clock), the oldest first: a first one where there is none, a successor half-way through the life of the
 * newest, and none that nothing leans on any more. A successor is trusted at once and signs half a certificate's life later, when everyone knows it. The same array when
 * nothing is due.
 */
export async function turned(
  keys: readonly AuthorityKey[],
  { environment, lives, now }: { environment: string; lives: CertificateLives; now: number },
): Promise<readonly AuthorityKey[]> {
  const kept = keys.filter(({ expiresAt }, index) => {
    const successor = keys[index + 1];
    return expiresAt > now && (successor === undefined || goneAt(successor, lives) > now);
  });
  const newest = kept.at(-1);
  if (newest === undefined || halfLife(newest) <= now)
    return [...kept, await makeAuthority(environment, now, lives.authorityMs)];
  return kept.length === keys.length ? keys : kept;
}

/** When something is due again, milliseconds since 1970-01-01 UTC. `keys`: at least one. */
export function nextTurn(keys: readonly AuthorityKey[], lives: CertificateLives): number {
  const newest = keys.at(-1) as AuthorityKey;
  return Math.min(halfLife(newest), ...keys.slice(1).map((successor) => goneAt(successor, lives)));
}

/** The one that signs now: the newest that everyone knows. `keys`: at least one. */
export function signingKey(
  keys: readonly AuthorityKey[],
  lives: CertificateLives,
  now: number,
): AuthorityKey {
  const known = now - lives.certificateMs / 2;
  return keys.findLast(({ madeAt }) => madeAt <= known) ?? (keys[0] as AuthorityKey);
}

/** Whether something read from where they are kept is a list of them. */
export function areAuthorityKeys(value: unknown): value is readonly AuthorityKey[] {
  return (
    Array.isArray(value) &&
    (value as readonly Partial<AuthorityKey>[]).every(
      ({ certificate, expiresAt, key, madeAt }) =>
        typeof key?.d === "string" &&
        typeof certificate === "string" &&
        Number.isFinite(madeAt) &&
        Number.isFinite(expiresAt),
    )
  );
}

function halfLife({ madeAt, expiresAt }: AuthorityKey): number {
  return madeAt + (expiresAt - madeAt) / 2;
}

/** When the last certificate has expired that the one before `successor` signed. */
function goneAt(successor: AuthorityKey, { certificateMs }: CertificateLives): number {
  return successor.madeAt + 1.5 * certificateMs + 1_000;
}
