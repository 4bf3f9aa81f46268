/** Replaces what stands between the marks of each part (`<!-- NAME: … -->` and `<!-- /NAME -->`). Throws for a page without them. */
export function filled(page: string, parts: Readonly<Record<string, string>>): string {
  let text = page;
  for (const [name, content] of Object.entries(parts)) {
    const marks = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n)[^]*?(<!-- /${name} -->)`);
    if (!marks.test(text)) throw new Error(`a page lacks the marks of its part ${name}`);
    text = text.replace(
      marks,
      (_whole, begin: string, end: string) => `${begin}\n${content}\n\n${end}`,
    );
  }
  return text;
}
