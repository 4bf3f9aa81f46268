const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/** Whether any object in a valid JSON text has two members of one name: two readers could then read two things. */
export function hasDuplicateNames(json: string): boolean {
  const open: Set<string>[] = [];
  let last = "";
  for (const [token] of json.matchAll(tokens)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const name = JSON.parse(last) as string;
      const names = open.at(-1);
      if (names?.has(name) === true) return true;
      names?.add(name);
    }
    last = token;
  }
  return false;
}
