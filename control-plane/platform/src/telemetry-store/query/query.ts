/** How a field is compared. `matches`: a text with `*` for anything, case left aside. */
export type Comparison = "matches" | ">" | ">=" | "<" | "<=";

/** A condition on one field. */
export interface Condition {
  readonly kind: "condition";
  /** `service`, `duration`, …; of an attribute its name with `@` before it. */
  readonly field: string;
  readonly comparison: Comparison;
  readonly value: string;
}

/** A word that stands for itself: somewhere in the text. */
export interface Word {
  readonly kind: "word";
  readonly text: string;
}

/** A query as a tree. All of no terms is true. */
export type Query =
  | Condition
  | Word
  | { readonly kind: "all" | "any"; readonly terms: readonly Query[] }
  | { readonly kind: "not"; readonly term: Query };
