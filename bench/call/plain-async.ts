import { basketOf, measureSerial } from "./measure.ts";

interface Context {
  readonly deadline: number;
  readonly caller: string;
}

async function quote(
  input: { id: string; quantity: number },
  context: Context,
): Promise<{ id: string; total: number }> {
  return { id: input.id, total: context.deadline > 0 ? input.quantity * 7900 : 0 };
}

await measureSerial(
  (round) => quote(basketOf(round), { deadline: performance.now() + 15_000, caller: "bench" }),
  Number(process.argv[2] ?? 2),
);
