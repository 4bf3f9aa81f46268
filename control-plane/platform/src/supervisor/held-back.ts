import { KerfError } from "@kerf/kernel";

/** Why a unit is not started for now although nothing crashed: starting it again would not help until someone acts. */
export class HeldBack extends KerfError {
  constructor(cause: KerfError) {
    super(cause.code, cause);
  }
}
