import { KerfError } from "@kerf/kernel";

/** Why a unit is not started for now although nothing crashed: starting it again would not help until someone acts. */
export class HeldBack extends KerfError {
  /** Whether whoever found it has told people already. */
  readonly told: boolean;

  constructor(cause: KerfError, told = true) {
    super(cause.code, cause);
    this.told = told;
  }
}
