import { KerfError } from "@kerf/kernel";
import { contractProblems } from "./check.ts";
import type { EventDeclaration } from "./event.ts";
import type { Operation } from "./operation.ts";

/** The operations of a contract, by name. */
export type Operations = Readonly<Record<string, Operation<any, any, any, any, any>>>;
/** The events of a contract, by name. */
export type Events = Readonly<Record<string, EventDeclaration<any>>>;

/** What a service promises to others: data only, no implementation. */
export interface Contract<
  Name extends string = string,
  Ops extends Operations = Operations,
  Evs extends Events = Events,
> {
  readonly type: "contract";
  readonly name: Name;
  /** Semantic version of the contract. */
  readonly version: string;
  readonly operations: Ops;
  readonly events: Evs;
  /** Of a contract that is used in part: the operations that are; see `only()`. */
  readonly only?: readonly string[] | undefined;
}

/** Declares a contract. Everything that is wrong with it is reported at once, with the place where it is declared. */
export function contract<
  const Name extends string,
  const Ops extends Operations,
  const Evs extends Events = Record<never, never>,
>(
  name: Name,
  definition: { version: string; operations: Ops; events?: Evs },
): Contract<Name, Ops, Evs> {
  const made: Contract<Name, Ops, Evs> = {
    type: "contract",
    name,
    version: definition.version,
    operations: definition.operations ?? ({} as Ops),
    events: definition.events ?? ({} as Evs),
  };
  const problems = contractProblems(made);
  if (problems.length > 0) {
    const where = declaredAt();
    throw new KerfError("invalid_contract", {
      message: `The contract ${JSON.stringify(name)} has ${problems.length} problem${problems.length === 1 ? "" : "s"}${where}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
      fix: "Correct them all in that file; nothing was started.",
      data: { contract: name, problems },
    });
  }
  return made;
}

/** ` (declared at FILE:LINE)`, from the stack: the first frame outside of this package. */
function declaredAt(): string {
  const here = import.meta.url.slice(0, import.meta.url.lastIndexOf("/") + 1);
  const frames = (new Error("where").stack ?? "").split("\n").slice(1);
  const frame = frames.find(
    (line) => line.includes(":") && (!line.includes(here) || line.includes(".test.")),
  );
  const place =
    frame === undefined ? null : /\(?((?:file:\/\/)?\/[^()]*:\d+):\d+\)?$/.exec(frame.trim());
  return place === null ? "" : ` (declared at ${(place[1] as string).replace(/^file:\/\//, "")})`;
}
