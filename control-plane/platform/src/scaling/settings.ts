/** How many copies a unit may have, and how much of what each of them is to carry. */
export interface ScalingSettings {
  /** Least copies; 0 lets the unit go to sleep. */
  readonly min: number;
  readonly max: number;
  /** What one copy is to carry; what is not named is not looked at. Of several the one that asks for most copies counts. */
  readonly target: ScalingTarget;
  /** With `min` 0: how long nothing may have happened before the last copy goes, in milliseconds. */
  readonly idleMs?: number | undefined;
}

export interface ScalingTarget {
  /** Calls in flight. */
  readonly inFlight?: number | undefined;
  /** Share of a core, 1 is all of it. */
  readonly cpuShare?: number | undefined;
  /** Events that wait for it. */
  readonly lag?: number | undefined;
}

/** The numbers that scaling goes by when nothing else is said, with where they come from. */
export const scalingDefaults = {
  /**
   * 70 % of a core: a copy is one Node process, which cannot use more than about one. Kubernetes leaves it to the user and its examples take
   * 50 to 80 %.
   */
  target: { cpuShare: 0.7 } satisfies ScalingTarget,
  /** Load above target counts from 3 s on. Knative's panic window is 6 s; a copy of ours is ready after 1 s and not after 10. */
  upAfterMs: 3_000,
  /** Load below counts from 60 s on: Knative's stable window. Kubernetes waits for 300 s, since starting a pod again costs more. */
  downAfterMs: 60_000,
  /** Nothing happens within 10 % of the target: `--horizontal-pod-autoscaler-tolerance` of Kubernetes. */
  tolerance: 0.1,
  /** At once at most twice as many, or 4 more: `behavior.scaleUp` of Kubernetes by default (100 % or 4 pods). */
  upFactor: 2,
  upAtLeast: 4,
  /** At once at most half of them go, unless all go to sleep. Kubernetes lets all go; what was too much shows before the next step. */
  downFactor: 0.5,
  /** A unit that may sleep does after this long without anything to do: Knative's stable window (60 s), after which it begins to go to zero. */
  idleMs: 60_000,
} as const;
