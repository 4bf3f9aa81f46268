/** Something to be shown of an app while it is developed: a call, or a unit that is away for a while. */
export type Demonstration =
  | {
      /** The operation, `orders.place`. */
      readonly call: string;
      /** Its input, as JSON. */
      readonly input?: unknown;
      /** The user (subject) on whose behalf; the operator without one. */
      readonly as?: string;
    }
  | {
      /** The service whose unit is stopped, and started again by the same button. */
      readonly stop: string;
    };

/** Demonstrations by what they are called: `{ "place an order": { call: "orders.place", … } }`. */
export type Demonstrations = Readonly<Record<string, Demonstration>>;

/** Most of them: a handful is looked at. */
const most = 8;
/** Longest name, characters. */
const longestName = 40;

/** Everything that is wrong with an app's demonstrations. `operations`: the names of them by service. */
export function demonstrationProblems(
  demonstrations: Demonstrations,
  operations: ReadonlyMap<string, readonly string[]>,
): string[] {
  const names = Object.keys(demonstrations);
  const problems = names
    .filter((name) => name.trim() === "" || name.length > longestName)
    .map((name) => `demonstrations: ${JSON.stringify(name)} must have 1 to ${longestName} letters`);
  if (names.length > most)
    problems.push(`demonstrations: there are ${names.length}; ${most} at most`);
  for (const [name, one] of Object.entries(demonstrations)) {
    const where = `demonstrations[${JSON.stringify(name)}]`;
    const [service = "", operation = ""] = "stop" in one ? [one.stop] : one.call.split(".");
    const known = operations.get(service);
    if (known === undefined) problems.push(`${where}: there is no service ${service} in the app`);
    else if (!("stop" in one) && !known.includes(operation))
      problems.push(`${where}: ${service} has no operation ${operation}`);
  }
  return problems;
}
