import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { outside, places, ports } from "./scope.ts";
import { statementsOf } from "./statements.ts";

/** A place at which a process may be killed, before and after. */
export interface CrashPoint {
  /** Home and purpose; unique. */
  readonly name: string;
  /** From the top of the checkout. */
  readonly file: string;
  /** Name of the function that it stands in; tells points with the same text apart. */
  readonly within: string;
  /** Of a statement: its text, `{}` for a hole. Of a port: its method. */
  readonly text: string;
  readonly kind: "statement" | "port";
}

/** Every statement and every call of a port in the source below `root`: the list that `npm run crash` kills at. */
export function crashPoints(root: string): CrashPoint[] {
  const points = [...statements(root), ...calls(root)];
  const seen = new Map<string, number>();
  return points.map((point) => {
    const count = (seen.get(point.name) ?? 0) + 1;
    seen.set(point.name, count);
    return count === 1 ? point : { ...point, name: `${point.name} (${count})` };
  });
}

/** The list as it is kept in the repository. */
export function crashPointsFile(root: string): string {
  return `${JSON.stringify(crashPoints(root), undefined, 2)}\n`;
}

function statements(root: string): CrashPoint[] {
  return globSync(places, { cwd: root })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => !outside.some(([pattern]) => pattern.test(file)))
    .sort()
    .flatMap((file) => {
      const home = file
        .replace(/^framework\//, "")
        .replace("/src/", "/")
        .replace(/\.ts$/, "");
      return statementsOf(file, readFileSync(join(root, file), "utf8")).map(({ within, text }) => {
        const place = within.find((name) => !/^[A-Z]/.test(name)) ?? within[0] ?? "";
        const name = `${home} ${place}: ${purpose(text)}`;
        return { name, file, within: place, text, kind: "statement" as const };
      });
    });
}

function calls(root: string): CrashPoint[] {
  return ports.flatMap(({ name, file, type }) => {
    const methods: string[] = [];
    new Visitor({
      TSInterfaceDeclaration: (node) => {
        if (node.id.name !== type) return;
        for (const member of node.body.body) {
          if (member.type === "TSMethodSignature" && member.key.type === "Identifier")
            methods.push(member.key.name);
        }
      },
    }).visit(parseSync(file, readFileSync(join(root, file), "utf8")).program);
    if (methods.length === 0) throw new Error(`${file} declares no port ${type} with methods.`);
    return methods
      .filter((method) => !method.startsWith("on") && method !== "close")
      .map((method) => ({
        name: `${name}: ${method}`,
        file,
        within: type,
        text: method,
        kind: "port" as const,
      }));
  });
}

/** What a statement does, in as few words as tell. */
function purpose(text: string): string {
  const [verb] = text.split(" ");
  if (verb === "with") {
    const [, changed] = /\b((insert into|update|delete from) \w+\.\w+)/.exec(text) ?? [];
    return changed ?? "with";
  }
  if (verb === "select") {
    const [called] = /\b(kerf\.\w+|pg_\w+)\b/.exec(text) ?? [];
    return `select ${called ?? ""}`.trim();
  }
  const [short] =
    /^(insert into \S+|update \S+|delete from \S+|(begin|savepoint|release savepoint|rollback to savepoint|set local \w+)\b)/.exec(
      text,
    ) ?? [];
  if (short !== undefined) return short;
  const [words = ""] = /^[^(='{$]*/.exec(text) ?? [];
  return words.trim();
}
