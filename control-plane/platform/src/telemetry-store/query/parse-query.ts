import { KerfError } from "@kerf/kernel";
import type { Comparison, Query } from "./query.ts";

/** Longest query, characters, and most conditions in it. */
const maxLength = 2_000;
const maxTerms = 50;

interface Token {
  readonly text: string;
  /** Whether it stood in quotation marks: then it is no operator. */
  readonly quoted: boolean;
  /** Where it begins, characters. */
  readonly at: number;
}

/**
 * Reads a query: `status:error service:payments duration:>500ms @order.id:7 "card declined"`. Terms beside each other must all hold; `OR` between
 * two, `-` before one, parentheses around several. Throws `invalid_input` saying where.
 */
export function parseQuery(text: string): Query {
  if (text.length > maxLength)
    throw unreadable(text, maxLength, `it is longer than ${maxLength} characters`);
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #terms = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  whole(): Query {
    const query = this.#any();
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw this.#wrong(left, "there is nothing that it closes");
    return query;
  }

  #any(): Query {
    const terms = [this.#all()];
    while (this.#isNext("OR")) {
      this.#at++;
      terms.push(this.#all());
    }
    return terms.length === 1 ? (terms[0] as Query) : { kind: "any", terms };
  }

  #all(): Query {
    const terms: Query[] = [];
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (this.#isNext("OR") || this.#isNext(")")) break;
      if (this.#isNext("AND")) this.#at++;
      else terms.push(this.#term(token));
    }
    return terms.length === 1 ? (terms[0] as Query) : { kind: "all", terms };
  }

  #term(token: Token): Query {
    this.#at++;
    if (++this.#terms > maxTerms) throw this.#wrong(token, `it has more than ${maxTerms} terms`);
    if (token.quoted) return { kind: "word", text: token.text };
    if (token.text === "(") {
      const query = this.#any();
      if (!this.#isNext(")")) throw this.#wrong(token, "it is not closed");
      this.#at++;
      return query;
    }
    if (token.text === "-" || token.text === "NOT") {
      const next = this.#next();
      if (next === undefined || this.#isNext(")") || this.#isNext("OR"))
        throw this.#wrong(token, "there is nothing that it could deny");
      return { kind: "not", term: this.#term(next) };
    }
    if (!token.text.endsWith(":")) return { kind: "word", text: token.text };
    return this.#condition(token);
  }

  #condition(token: Token): Query {
    const field = token.text.slice(0, -1);
    const value = this.#next();
    if (value === undefined || (!value.quoted && /^(?:\)|.*:)$/.test(value.text)))
      throw this.#wrong(token, "it has no value");
    this.#at++;
    if (value.quoted) return { kind: "condition", field, comparison: "matches", value: value.text };
    const [, sign = "", rest = ""] = /^(>=|<=|>|<)?(.*)$/s.exec(value.text) ?? [];
    if (rest === "") throw this.#wrong(value, "nothing stands behind it");
    const comparison = (sign === "" ? "matches" : sign) as Comparison;
    return { kind: "condition", field, comparison, value: rest };
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #isNext(text: string): boolean {
    const token = this.#next();
    return token !== undefined && !token.quoted && token.text === text;
  }

  #wrong({ at, text }: Token, why: string): KerfError {
    return unreadable(this.#text, at, `${JSON.stringify(text)}: ${why}`);
  }
}

/** Words, texts in quotation marks, parentheses, `-` before a term, and `field:`. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|"(?<quoted>(?:[^"\\]|\\.)*)"|(?<sign>[()])|(?<not>-)(?=\S)|(?<field>@?[\w.\-/]+:)|(?<word>[^\s()"]+)/gsy;
  let isValue = false;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw unreadable(text, at, "a quotation mark is not closed");
    const { quoted, sign, not, field, word } = groups;
    if (quoted !== undefined)
      tokens.push({ text: quoted.replace(/\\(.)/gs, "$1"), quoted: true, at });
    else if (isValue && (not !== undefined || field !== undefined)) {
      // Behind `field:` everything up to the next blank is its value: times and negative numbers.
      const value = /[^\s()"]+/y;
      value.lastIndex = at;
      const found = value.exec(text)?.[0] ?? "";
      tokens.push({ text: found, quoted: false, at });
      pattern.lastIndex = at + found.length;
    } else {
      const found = sign ?? not ?? field ?? word;
      if (found !== undefined) tokens.push({ text: found, quoted: false, at });
    }
    isValue = field !== undefined && !isValue;
  }
  return tokens;
}

function unreadable(text: string, at: number, why: string): KerfError {
  return new KerfError("invalid_input", {
    message: `The query cannot be read, at character ${at + 1}: ${why}`,
    fix: 'Write it as: status:error service:payments duration:>500ms @order.id:7 -code:not_found "free text"',
    data: { query: text, at },
  });
}
