import type { ShownSaga, ShownStep } from "@kerf/control-api";
import { type Paint, plain } from "../output/paint.ts";
import { printable } from "../output/printable.ts";

/**
 * A saga as a picture: its steps downwards in the order in which they took effect, undos as they came, its end below. Times are from its
 * start on, unless they are left out.
 */
export function sagaPicture(
  service: string,
  saga: ShownSaga,
  { paint = plain, times = true }: { readonly paint?: Paint; readonly times?: boolean } = {},
): string {
  const start = Date.parse(saga.startedAt);
  const width = Math.max(...saga.steps.map(({ step }) => step.length), 0);
  const steps = saga.steps.map((step) => {
    const after = times ? `  +${((Date.parse(step.at) - start) / 1_000).toFixed(3)} s` : "";
    return `  ${signOf(step, paint)} ${printable(step.step).padEnd(width)}${paint("faint", after)}${noteOf(step)}`;
  });
  const title = `${service}.${saga.name} v${saga.version}`;
  return [paint("strong", title), ...steps, `  ${endOf(saga, paint)}`]
    .map((line) => line.trimEnd())
    .join("\n");
}

function signOf({ declined, kind }: ShownStep, paint: Paint): string {
  if (kind === "undo") return paint("warn", "↶");
  return declined ? paint("bad", "✗") : paint("good", "✓");
}

function noteOf({ answer, declined, kind, pivot }: ShownStep): string {
  if (kind === "undo") return "  undone";
  if (declined) return `  declined: ${(answer as { code?: string }).code ?? ""}`;
  return pivot ? "  the point of no return" : "";
}

function endOf({ failure, problem, settled, state }: ShownSaga, paint: Paint): string {
  const why = (problem ?? failure)?.message;
  const because = why === undefined ? "" : `: ${printable(why)}`;
  if (state === "completed") return paint("good", "● completed");
  if (state === "undone") return paint("warn", `● undone${because}`);
  if (state === "stuck") return paint("bad", `● stuck${because}`);
  if (state === "settled")
    return `● settled by hand: ${printable((settled as { note?: string } | null)?.note ?? "")}`;
  return `○ ${state}${because}`;
}
