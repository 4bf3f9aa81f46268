import type { Status } from "@kerf/control-api";
import type { Paint } from "../output/paint.ts";
import { printable } from "../output/printable.ts";

/** What the platform says of a service that lacks settings. */
interface Lacking {
  readonly problems: readonly string[];
  /** Beginning with `kerf`. */
  readonly commands: readonly string[];
}

/** The services that wait for something that an operator sets, each with what it is and the commands that set it; no lines when none does. */
export function waitingText(
  { services }: Pick<Status, "services">,
  command: (words: string) => string,
  paint: Paint,
): string[] {
  return services.flatMap(({ name, problem }) => {
    const { commands, problems } = (problem?.data ?? {}) as Partial<Lacking>;
    if (commands === undefined || problems === undefined) return [];
    return [
      `  ${paint("warn", "!")} ${paint("strong", name)} waits, the rest runs: ${printable(problems.join("; "))}`,
      ...commands.map((line) => `    ${paint("name", command(line.replace(/^kerf /, "")))}`),
      "",
    ];
  });
}
