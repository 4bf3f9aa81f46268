/** A link to a file of this repository. */
export interface Link {
  /** Counted from 1. */
  readonly line: number;
  /** Relative to the page, without the part after `#`. */
  readonly target: string;
}

/** The relative links of a Markdown page; those to other sites, to places on the page and to pages of the host (`../../security`) are left out, and so is what stands in code. */
export function relativeLinks(markdown: string): Link[] {
  let fenced = false;
  return markdown.split("\n").flatMap((content, index) => {
    if (/^\s*```/.test(content)) fenced = !fenced;
    if (fenced) return [];
    return [...content.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target.split("#")[0]!)
      .filter(
        (target) =>
          target !== "" &&
          !/^[a-z][a-z+.-]*:/i.test(target) &&
          !target.includes("/security/advisories"),
      )
      .map((target) => ({ line: index + 1, target }));
  });
}
