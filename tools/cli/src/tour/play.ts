import { KerfError } from "@kerf/kernel";
import { withPlatform } from "../connection/connect.ts";
import { type Act, NotAsPromised, type Seen, type Stage } from "./act.ts";

/** What came of an act. */
export type Played = { readonly act: Act; readonly ms: number } & (
  | { readonly outcome: "passed"; readonly seen: Seen }
  | { readonly outcome: "failed"; readonly error: KerfError }
  | { readonly outcome: "left out"; readonly why: string }
);

/** Plays an act on the shop with this state. Rejects only when the tour was interrupted; by then the act has put back what it changed. */
export async function play(
  act: Act,
  home: string,
  stage: Omit<Stage, "connection">,
): Promise<Played> {
  const began = performance.now();
  const since = (): number => Math.round(performance.now() - began);
  try {
    return await withPlatform({ home }, async (connection) => {
      const here = { ...stage, connection };
      const why = await act.leftOut?.(here);
      if (why !== undefined) return { act, ms: since(), outcome: "left out", why };
      const seen = await act.play(here);
      return { act, ms: since(), outcome: "passed", seen };
    });
  } catch (thrown) {
    stage.signal.throwIfAborted();
    return { act, ms: since(), outcome: "failed", error: asError(thrown) };
  }
}

function asError(thrown: unknown): KerfError {
  if (thrown instanceof KerfError) return thrown;
  if (thrown instanceof NotAsPromised)
    return new KerfError("not_as_promised", { message: thrown.message, retry: "never" });
  return new KerfError("internal", { message: String(thrown), cause: thrown });
}
