import type { PlacedInstance } from "../placement.ts";
import { type OutlierRecord } from "../policies/outlier-ejection.ts";
import type { PeakEwma } from "./peak-ewma.ts";

/** What one caller knows of one instance of a service. */
export interface Endpoint {
  /** As it is placed now. */
  instance: PlacedInstance;
  readonly load: PeakEwma;
  readonly outlier: OutlierRecord;
  /** When this caller first saw it, monotonic milliseconds. */
  readonly since: number;
}
