/** Why a saga is undone, or stuck. */
export interface SagaTrouble {
  readonly code: string;
  readonly message: string;
  readonly data?: unknown;
}

/** A saga as `sagas.list` of the operation `operate` answers it. */
export interface ListedSaga {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly state: "running" | "undoing" | "completed" | "undone" | "stuck" | "settled";
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly failure: SagaTrouble | null;
  readonly problem: SagaTrouble | null;
  readonly cancel: string | null;
}

/** One step of a saga as it was recorded. */
export interface ShownStep {
  readonly step: string;
  readonly kind: "do" | "undo";
  readonly declined: boolean;
  readonly pivot: boolean;
  readonly answer: unknown;
  readonly at: string;
}

/** A saga with its steps, as `sagas.show` of the operation `operate` answers it. */
export interface ShownSaga extends ListedSaga {
  readonly input: unknown;
  readonly trace: string;
  readonly owner: string | null;
  readonly wakeAt: string;
  readonly waiting: unknown;
  readonly settled: unknown;
  readonly steps: readonly ShownStep[];
}
