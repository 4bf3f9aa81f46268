/** `answered`: a share of the calls is answered. `in-time`: a share of the answers comes within some time. */
export type ObjectiveKind = "answered" | "in-time";

/** What is promised of an operation. */
export interface Objective {
  readonly service: string;
  readonly operation: string;
  readonly kind: ObjectiveKind;
  /** Share of good calls, such as 0.999. */
  readonly target: number;
  /** Of `in-time`: within how many milliseconds. */
  readonly withinMs?: number | undefined;
}

/** Share of calls that may fail. */
export function budgetOf({ target }: Pick<Objective, "target">): number {
  return 1 - target;
}

/** By which an objective is known as long as its operation is there. */
export function keyOf({
  kind,
  operation,
  service,
}: Pick<Objective, "kind" | "operation" | "service">): string {
  return `${service}.${operation} ${kind}`;
}
