// Boundary: `npm run fix`, which mends what needs no thought: layout, mendable lint, generated files.
import { spawnSync } from "node:child_process";
import { root } from "./root.ts";

const commands: readonly (readonly [program: string, ...args: string[]])[] = [
  ["oxlint", "--fix", "--quiet"],
  ["oxfmt"],
  ["node", "--conditions=kerf-source", "scripts/check-generated.ts", "--write"],
];
for (const [program, ...args] of commands) {
  console.log(`${program} ${args.join(" ")}`);
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw error;
  // What lint cannot mend is verify's to report.
  if (status !== 0 && program !== "oxlint") process.exitCode = status ?? 1;
}
