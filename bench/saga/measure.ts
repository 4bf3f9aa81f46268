/** What one side reached. */
export interface SagaFigures {
  /** Milliseconds of one saga, one after the other; the mean. */
  readonly serialMs: number;
  /** Sagas a second with 32 in flight. */
  readonly perSecond: number;
}

/** Runs sagas one after the other, then 32 at a time; each call starts one and resolves when its end is durable. */
export async function measure(seconds: number, run: () => Promise<void>): Promise<SagaFigures> {
  for (let i = 0; i < 20; i += 1) await run();
  const serial = await timed(seconds, 1, run);
  await timed(seconds / 4, 32, run);
  const parallel = await timed(seconds, 32, run);
  return { serialMs: 1_000 / serial, perSecond: parallel };
}

async function timed(seconds: number, lanes: number, run: () => Promise<void>): Promise<number> {
  const since = performance.now();
  const end = since + seconds * 1_000;
  let ended = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      await run();
      ended += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return ended / ((performance.now() - since) / 1_000);
}
