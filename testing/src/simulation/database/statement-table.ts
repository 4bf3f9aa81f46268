import { KerfError } from "@kerf/kernel";
import { takeLiterals } from "./literals.ts";
import type { StatementWork } from "./statement-run.ts";

/** One statement of an engine, and what it does. */
export interface KnownStatement {
  /** For the trace. */
  readonly name: string;
  /** The text as the engine gives it, with placeholders; white space does not matter. It may be sent with its values written into it. */
  readonly sql: string;
  readonly work: StatementWork;
}

/** A statement that was found. */
export interface FoundStatement {
  readonly known: KnownStatement;
  /** Its values, when they are written into its text. */
  readonly inlined: readonly unknown[] | undefined;
}

/** A statement as it looks when everything in it that could be a value is taken out. */
interface Shape {
  readonly known: KnownStatement;
  /** What stands at each place: a value by its number, or what is part of the statement itself. */
  readonly places: readonly ({ readonly value: number } | { readonly constant: unknown })[];
}

/** Every statement that the simulated database knows, found by its text. */
export class StatementTable {
  readonly #byText = new Map<string, KnownStatement>();
  readonly #byShape = new Map<string, Shape>();
  readonly #found = new Map<string, FoundStatement>();

  constructor(...statements: readonly (readonly KnownStatement[])[]) {
    for (const known of statements.flat()) {
      this.#byText.set(normalized(known.sql), known);
      const { text, shape } = shapeOf(known);
      this.#byShape.set(text, shape);
    }
  }

  /** The same table with something done otherwise: how a test breaks an engine on purpose. */
  with(changed: readonly KnownStatement[]): StatementTable {
    for (const { name, sql } of changed) {
      if (!this.#byText.has(normalized(sql))) throw unknown(`${name}: ${sql}`);
    }
    return new StatementTable([...this.#byText.values(), ...changed]);
  }

  /** The names of all. */
  get names(): readonly string[] {
    return [...this.#byText.values()].map(({ name }) => name);
  }

  /** The statement of this name. */
  named(name: string): KnownStatement {
    const known = [...this.#byText.values()].find((each) => each.name === name);
    if (known === undefined) throw unknown(name);
    return known;
  }

  /** Throws, with the text, when nobody has said what the statement does. */
  find(text: string): FoundStatement {
    const before = this.#found.get(text);
    if (before !== undefined) return before;
    const exact = this.#byText.get(normalized(text));
    if (exact === undefined) return this.#findInlined(text);
    const found = { known: exact, inlined: undefined };
    this.#found.set(text, found);
    return found;
  }

  #findInlined(sent: string): FoundStatement {
    const { text, values } = takeLiterals(sent);
    const shape = this.#byShape.get(normalized(text));
    if (shape === undefined) throw unknown(sent);
    const inlined: unknown[] = [];
    for (const [at, place] of shape.places.entries()) {
      if ("value" in place) inlined[place.value] = values[at];
      else if (place.constant !== values[at]) throw unknown(sent);
    }
    return { known: shape.known, inlined };
  }
}

function shapeOf(known: KnownStatement): { text: string; shape: Shape } {
  // A placeholder is taken out as the string that nobody writes.
  const mark = "\u0000";
  const { text, values } = takeLiterals(
    known.sql.replaceAll(/\$(\d+)/g, (_all, n: string) => `'${mark}${n}'`),
  );
  const places = values.map((value) =>
    typeof value === "string" && value.startsWith(mark)
      ? { value: Number(value.slice(1)) - 1 }
      : { constant: value },
  );
  return { text: normalized(text), shape: { known, places } };
}

function normalized(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function unknown(text: string): KerfError {
  return new KerfError("internal", {
    message: `The simulated database does not know this statement:\n${text}`,
    why: "An engine sends a statement that is new or was changed.",
    fix: "Say what it does in testing/src/simulation/statements, in the file of its subject.",
  });
}
