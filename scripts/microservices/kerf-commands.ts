import { execFileSync } from "node:child_process";

/** The commands that `kerf --help` names, those of a group with its name before them; empty while there is no CLI. */
export function kerfCommands(root: string): string[] {
  return commandsIn(help(root, [])).flatMap((command) => {
    const below = command === "help" ? [] : commandsIn(help(root, [command]));
    return [command, ...below.map((name) => `${command} ${name}`)];
  });
}

function help(root: string, group: readonly string[]): string {
  return execFileSync(
    process.execPath,
    ["--conditions=kerf-source", "tools/cli/src/main.ts", ...group, "--help"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
}

/** The names in the list under "Commands:", which is how commander writes it. */
function commandsIn(text: string): string[] {
  const [, list = ""] = text.split(/^Commands:$/m);
  return [...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name!);
}
