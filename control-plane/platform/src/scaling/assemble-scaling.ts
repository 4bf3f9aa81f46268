import type { AppManifest } from "@kerf/service";
import { serviceOf } from "../manifest/service-of.ts";
import type { Deployed } from "../placement/deployed.ts";
import type { Rollouts } from "../rollouts/rollouts.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { AutoScaling, type AutoScalingOptions } from "./auto-scaling.ts";
import { Lag, type LagOptions } from "./lag.ts";

/** What scaling by load is put together from. */
export interface ScalingAround
  extends
    Pick<AutoScalingOptions, "audit" | "changed" | "clock" | "load" | "log">,
    Pick<LagOptions, "caller" | "signPrincipal" | "wheel"> {
  readonly deployed: Deployed;
  readonly supervisor: Supervisor;
  readonly rollouts: Pick<Rollouts, "running">;
  readonly manifest: () => AppManifest;
}

/** Puts together what has as many copies run as load asks for, where that is wanted. Starts nothing. */
export function assembleScaling(around: ScalingAround): AutoScaling {
  const { deployed, manifest, rollouts, supervisor } = around;
  const lag = new Lag({
    ...around,
    followers: (unit) =>
      (deployed.units[unit] ?? []).filter((name) => serviceOf(manifest(), name).follows.length > 0),
    isAsleep: (unit) => deployed.isAsleep(unit),
  });
  return new AutoScaling({
    ...around,
    serving: (unit) =>
      supervisor
        .slotsOf(unit)
        .flatMap(({ current }) => (current?.routable === true ? current.id : [])),
    lag: (unit) => lag.of(unit),
    resize: async (unit) => {
      const program = deployed.programs.find((each) => each.unit === unit);
      if (program !== undefined) await supervisor.resize(program);
    },
    isChanging: (unit) => rollouts.running?.units !== undefined && unit in rollouts.running.units,
  });
}
