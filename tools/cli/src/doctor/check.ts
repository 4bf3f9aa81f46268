/** How one thing that Kerf needs is on this machine. `warning`: it works, but not as well as it could. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly state: "ok" | "warning" | "failed";
  /** What was found. */
  readonly detail: string;
  /** What to do about it; with everything that is not ok. */
  readonly fix?: string | undefined;
}

/** What the checks look at. */
export interface Machine {
  readonly home: string;
  readonly ports: readonly number[];
}

/** A check: names what it looks at, and looks. What it throws is a failed finding. */
export interface Check {
  readonly id: string;
  readonly title: string;
  run(machine: Machine): Promise<Omit<Finding, "id" | "title">>;
}

/** Runs checks side by side; a check that fails to look is a failed finding, never a failed doctor. */
export function examine(checks: readonly Check[], machine: Machine): Promise<Finding[]> {
  return Promise.all(
    checks.map(async (check) => {
      const { id, title } = check;
      try {
        return { id, title, ...(await check.run(machine)) };
      } catch (thrown) {
        const error = thrown as Error & { fix?: string };
        return {
          id,
          title,
          state: "failed" as const,
          detail: error.message,
          fix: error.fix ?? "Look into what this says; Kerf needs it.",
        };
      }
    }),
  );
}
