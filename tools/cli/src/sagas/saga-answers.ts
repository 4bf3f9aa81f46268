/** A saga in a list, as a service answers it. Times are ISO 8601. */
export interface SagaSummary {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly state: "running" | "undoing" | "completed" | "undone" | "stuck" | "resolved";
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly failure: SagaFailure | null;
  readonly lastStep: string | null;
  readonly cancelled: boolean;
}

/** Why it is undone or stuck. */
export interface SagaFailure {
  readonly code: string;
  readonly message: string;
  /** Of one that is stuck while it is undone: what it is undone for. */
  readonly undoing?: SagaFailure;
}

/** One record of a step. */
export interface SagaStep {
  readonly step: string;
  readonly kind: "do" | "undo" | "wait";
  readonly declined: boolean;
  readonly pivot: boolean;
  readonly answer: unknown;
  readonly at: string;
}

/** A saga in full. */
export interface SagaDetail extends SagaSummary {
  readonly input: unknown;
  readonly trace: string;
  readonly owner: string | null;
  readonly wakeAt: string | null;
  readonly steps: readonly SagaStep[];
  readonly notes: readonly {
    readonly at: string;
    readonly by: string;
    readonly action: string;
    readonly note?: string;
  }[];
}
