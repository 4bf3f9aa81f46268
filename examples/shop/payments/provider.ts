/** What a card is asked for. */
export interface Charge {
  readonly method: string;
  /** In cents. */
  readonly amount: number;
}

/**
 * Stands for a card provider, so that the shop needs no account with one: says whether a card is good for a charge. A real one is asked over the network,
 * with the key of the shop's account.
 */
export function askProvider(key: string, { method }: Charge): "authorised" | "declined" {
  if (key === "") throw new Error("the provider wants to know whose account it is");
  return method === "card-declined" ? "declined" : "authorised";
}
