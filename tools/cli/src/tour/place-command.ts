/** The command of a shell that places an order for somebody, by a way of naming our own commands. */
export function placeCommand(
  kerf: (words: string) => string,
  method: "card-ok" | "card-declined",
): string {
  const input = { items: [{ sku: "rule-steel", quantity: 1 }], payment: { method } };
  return kerf(`call orders.place '${JSON.stringify(input)}' --as ada`);
}
