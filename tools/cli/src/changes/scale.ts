import type { platform } from "@kerf/control-api";
import type { InputOf } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import type { ScaleOptions } from "../commands/scale.ts";
import { withPlatform } from "../connection/connect.ts";
import { scaleImage } from "./deploy-image.ts";
import { makeChange } from "./run-change.ts";

type Scaling = NonNullable<InputOf<(typeof platform)["operations"]["scale"]["input"]>["auto"]>;

/** Gives a unit another number of copies, or has the platform decide it. */
export function scale(
  unit: string,
  copies: string | undefined,
  options: ScaleOptions,
): Promise<void> {
  const how = howOf(copies, options);
  return withPlatform(options, async (connection) => {
    if ("copies" in how && (await scaleImage(connection.client, unit, how.copies, options))) return;
    await makeChange(connection, options, (client, asked) =>
      client.scale({ ...asked, unit, ...how }),
    );
  });
}

function howOf(
  copies: string | undefined,
  options: ScaleOptions,
): { copies: number } | { auto: Scaling } {
  const { auto, cpu, idle, inFlight, lag } = options;
  const targets = [cpu, idle, inFlight, lag].some((option) => option !== undefined);
  if ((copies === undefined) === (auto === undefined)) {
    throw wrong("Either a number of copies or --auto is needed.");
  }
  if (copies !== undefined || auto === "off") {
    if (targets) throw wrong("--in-flight, --cpu, --lag and --idle go with --auto MIN..MAX.");
    return copies === undefined ? { auto: "off" } : { copies: Number(copies) };
  }
  const [, min, max] = /^(\d{1,3})\.\.(\d{1,3})$/.exec(auto ?? "") ?? [];
  if (min === undefined || max === undefined) throw wrong(`--auto ${auto} is not like 1..10.`);
  return {
    auto: {
      min: Number(min),
      max: Number(max),
      target: {
        ...(inFlight === undefined ? undefined : { inFlight: amount("--in-flight", inFlight) }),
        ...(cpu === undefined ? undefined : { cpuShare: share(cpu) }),
        ...(lag === undefined ? undefined : { lag: amount("--lag", lag) }),
      },
      ...(idle === undefined ? undefined : { idleMs: amount("--idle", idle) * 1_000 }),
    },
  };
}

function amount(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw wrong(`${option} ${text} is no number above 0.`);
}

/** `70%` or `0.7`. */
function share(text: string): number {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (value > 0 && value <= 1) return value;
  throw wrong(`--cpu ${text} is no share of a core, such as 70%.`);
}

function wrong(message: string): KerfError {
  return new KerfError("usage", {
    message,
    fix: "kerf scale UNIT 3, or kerf scale UNIT --auto 1..10 --in-flight 20",
  });
}
