import { KerfError } from "@kerf/kernel";
import { type HeaderEdits, isHeaderName, isHeaderValue } from "@kerf/service";

/** Edits of headers, ready to be applied to heads of names and values in turn. */
export class EditedHeaders {
  readonly #dropped: ReadonlySet<string>;
  readonly #added: readonly string[];

  /** @throws KerfError `invalid_configuration` for what could end a header and begin another one */
  constructor({ remove = [], set = {}, append = {} }: HeaderEdits) {
    this.#dropped = new Set([...remove, ...Object.keys(set)].map((name) => name.toLowerCase()));
    this.#added = [...Object.entries(set), ...Object.entries(append)].flat();
    for (const [name, value] of [...Object.entries(set), ...Object.entries(append)]) {
      if (isHeaderName(name) && isHeaderValue(value)) continue;
      throw new KerfError("invalid_configuration", {
        message: `The header ${JSON.stringify(name)} cannot be set to ${JSON.stringify(value)}.`,
        why: "It could end the header and begin another one.",
        fix: "Use a name of letters, digits and dashes, and one line of visible ASCII characters.",
      });
    }
  }

  /** The head with the edits made. */
  apply(head: readonly string[]): string[] {
    const edited: string[] = [];
    for (let i = 0; i < head.length; i += 2) {
      const name = head[i] as string;
      if (!this.#dropped.has(name)) edited.push(name, head[i + 1] as string);
    }
    edited.push(...this.#added);
    return edited;
  }
}
