import { progressView } from "./progress-view.ts";

/** Shows one step while `work` does it, where the platform tells of none, and how long it took. */
export async function ownStep<T>(title: string, work: () => Promise<T>): Promise<T> {
  const view = progressView(process.cwd());
  const begun = performance.now();
  const tell = (state: "started" | "done" | "failed"): void =>
    view.event({
      type: "step",
      id: title,
      title,
      state,
      sequence: 0,
      time: new Date().toISOString(),
      ...(state === "started" ? undefined : { ms: performance.now() - begun }),
    });
  tell("started");
  try {
    const answer = await work();
    tell("done");
    return answer;
  } catch (thrown) {
    tell("failed");
    throw thrown;
  } finally {
    view.close();
  }
}
