import { KerfError } from "@kerf/kernel";
import type { StatementWork } from "./statement-run.ts";

/** One statement of an engine, and what it does. */
export interface KnownStatement {
  /** For the trace. */
  readonly name: string;
  /** The text as the engine sends it; white space does not matter, and each literal `'?'` stands for any. */
  readonly sql: string;
  readonly work: StatementWork;
}

/** A statement that was found, with the literals of its text. */
export interface FoundStatement {
  readonly known: KnownStatement;
  readonly literals: readonly string[];
}

/** Every statement that the simulated database knows, found by its text. */
export class StatementTable {
  readonly #byText = new Map<string, KnownStatement>();
  readonly #found = new Map<string, FoundStatement>();

  constructor(...statements: readonly (readonly KnownStatement[])[]) {
    for (const known of statements.flat()) this.#byText.set(normalized(known.sql), known);
  }

  /** The same table with something done otherwise: how a test breaks an engine on purpose. */
  with(changed: readonly KnownStatement[]): StatementTable {
    for (const { name, sql } of changed) {
      if (!this.#byText.has(normalized(sql))) throw unknown(`${name}: ${sql}`);
    }
    return new StatementTable([...this.#byText.values(), ...changed]);
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
    const short = normalized(text);
    const exact = this.#byText.get(short);
    if (exact !== undefined) {
      const found = { known: exact, literals: [] };
      this.#found.set(text, found);
      return found;
    }
    const literals: string[] = [];
    const known = this.#byText.get(
      short.replaceAll(
        /'([^']*)'|(?<![$\w])(-?\d+)\b/g,
        (_all, quoted?: string, number?: string) => {
          literals.push(quoted ?? (number as string));
          return "'?'";
        },
      ),
    );
    if (known === undefined) throw unknown(short);
    return { known, literals };
  }
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
