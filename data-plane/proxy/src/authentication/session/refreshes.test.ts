import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Provider } from "./provider.ts";
import { Refreshes } from "./refreshes.ts";
import type { SessionState } from "./state.ts";

/** A provider that takes each refresh token once, as most do. */
class OnceProvider {
  #valid = "first";

  async refresh(refreshToken: string): Promise<{ refreshToken: string; expiresInS: number }> {
    if (refreshToken !== this.#valid) throw new KerfError("unauthenticated", "It was used before.");
    this.#valid += "+";
    return { refreshToken: this.#valid, expiresInS: 600 };
  }
}

test("two copies of a gateway that refresh one session at the same time sign nobody out", async () => {
  let now = 0;
  const clock = { wall: () => now } as Clock;
  const provider = new OnceProvider() as unknown as Provider;
  const copies = [new Refreshes(provider, clock), new Refreshes(provider, clock)] as const;
  const state: SessionState = {
    id: "one",
    subject: "ada",
    claims: {},
    createdAt: 0,
    seenAt: 0,
    refreshToken: "first",
    tokensUntil: 600_000,
  };
  now = 550_000;
  const [won, lost] = await Promise.all(copies.map((copy) => copy.fresh(state)));
  assert.equal(won?.refreshToken, "first+");
  assert.equal(lost, state, "it goes on with what it has, until its client brings the new cookie");
  // Whoever comes with nothing but the old one is out when its tokens end.
  now = 600_001;
  await assert.rejects(copies[1].fresh(state), { code: "unauthenticated" });
});
