/** What every side is asked; validated on both sides of ours, on the receiving side of peers that can. */
export function requestOf(round: number): { id: string; quantity: number; tags: string[] } {
  return { id: "saw-dovetail", quantity: (round % 9) + 1, tags: ["hand tools", "joinery"] };
}

/** What every side answers. */
export interface Quote {
  id: string;
  total: number;
  currency: string;
}

/** Keeps `inFlight` calls under way for `seconds` after a warm-up; prints calls a second as JSON. */
export async function measureRate(
  call: (round: number) => Promise<Quote>,
  inFlight: number,
  seconds: number,
): Promise<void> {
  await run(Math.min(1, seconds / 2));
  const { calls, elapsedMs } = await run(seconds);
  console.log(JSON.stringify({ perSecond: (calls * 1_000) / elapsedMs }));

  async function run(limit: number): Promise<{ calls: number; elapsedMs: number }> {
    const since = performance.now();
    const end = since + limit * 1_000;
    let calls = 0;
    const worker = async (): Promise<void> => {
      while (performance.now() < end) {
        const quote = await call(calls);
        if (quote.currency !== "EUR") throw new Error("a wrong answer");
        calls++;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return { calls, elapsedMs: performance.now() - since };
  }
}

/** The arguments of a client program: how many in flight, for how many seconds, where the server listens, and what else it is given. */
export function clientArguments(): {
  inFlight: number;
  seconds: number;
  address: string;
  more: string | undefined;
} {
  const [inFlight, seconds, address = "", more] = process.argv.slice(2);
  return { inFlight: Number(inFlight), seconds: Number(seconds), address, more };
}

/** Tells the parent where the server listens, and ends with it. */
export function announce(address: string): void {
  console.log(JSON.stringify({ address }));
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}
