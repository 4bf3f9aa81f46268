import { randomUUID } from "node:crypto";
import type { Due } from "./open-loop.ts";

/** What the load asks for: a read, a read through another service, and a change under a key of its own. */
export const kinds = ["query", "nested", "command"] as const;
export type Kind = (typeof kinds)[number];

/** Of every five requests three read, one reads through another service, and one changes something. */
const mix: readonly Kind[] = ["query", "nested", "query", "command", "query"];

/** The `n`-th request, due at `at` milliseconds. */
export function requestAt(n: number, at: number): Due<Kind> {
  const kind = mix[n % mix.length] as Kind;
  const sku = `sku-${Math.round(at) % 97}`;
  switch (kind) {
    case "query":
      return { kind, method: "GET", path: `/stock/${sku}` };
    case "nested":
      return { kind, method: "GET", path: `/quotes/${sku}` };
    case "command":
      return {
        kind,
        method: "POST",
        path: `/stock/${sku}/takings`,
        headers: { "content-type": "application/json", "idempotency-key": randomUUID() },
        body: "{}",
      };
  }
}
