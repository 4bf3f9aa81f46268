/** When a certificate is renewed: at this share of its life (Let's Encrypt asks for two thirds), or up to a twentieth earlier, so that not all come at once. */
const renewalShare = 2 / 3;
const jitterShare = 1 / 20;

/** What comes between attempts, milliseconds: doubled each time, up to a bound, and up to a fifth longer. */
interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Why an attempt failed. */
export type Failure = "away" | "refused" | "limited";

const backoffs: Readonly<Record<Failure, Backoff>> = {
  // Costs nobody anything: it is back soon, or there is a network to mend.
  away: { firstMs: 15_000, mostMs: 1_800_000 },
  // Let's Encrypt gives a name five failures an hour, one back every 12 minutes.
  refused: { firstMs: 720_000, mostMs: 21_600_000 },
  // It said that it was asked too often.
  limited: { firstMs: 3_600_000, mostMs: 43_200_000 },
};

/** When to renew a certificate that holds from `notBefore` to `notAfter`; wall clock. `chance` in [0, 1). */
export function renewalAt(notBefore: number, notAfter: number, chance: number): number {
  return Math.round(notBefore + (notAfter - notBefore) * (renewalShare - jitterShare * chance));
}

/** How long to wait after the `failures`th failure in a row, milliseconds; no less than the authority asked for. */
export function waitMs(
  failure: Failure,
  failures: number,
  chance: number,
  retryAfterMs: number = 0,
): number {
  const { firstMs, mostMs } = backoffs[failure];
  const wait = Math.min(firstMs * 2 ** Math.min(failures - 1, 20), mostMs) * (1 + chance / 5);
  // Nobody is let to keep us away for longer than a week.
  return Math.round(Math.max(wait, Math.min(retryAfterMs, 604_800_000)));
}
