/** Copies that start at the same time: more would only wait for each other's processor. */
const startsAtOnce = 4;

/** Does all of it, in its order, a few at the same time. Resolves when all is done; rejects at the first that fails, and begins none after that. */
export async function fewAtOnce(
  works: readonly (() => Promise<unknown>)[],
  atOnce = startsAtOnce,
): Promise<void> {
  const waiting = [...works];
  const worker = async (): Promise<void> => {
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) {
      try {
        await work();
      } catch (thrown) {
        waiting.length = 0;
        throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, works.length) }, worker));
}
