import type { ChangeReport } from "@kerf/control-api";
import { isDeepStrictEqual } from "node:util";
import { KerfError, toKerfError } from "@kerf/kernel";
import type { Deployment } from "../placement/deployment.ts";
import type { Asked, Plan } from "../rollouts/change.ts";
import { planConfigure } from "../rollouts/plan.ts";
import { assertAhead, assertDeclaredSecret, assertSecretValue } from "./assert-settings.ts";
import { isDeclared } from "./check-configuration.ts";
import type { Values } from "./configuration.ts";
import type { Declared } from "./needs.ts";
import type { Settings } from "./settings.ts";
import type { SettingsVersions } from "./versions.ts";

/** What a change of settings is made with. */
export interface SettingsChangesOptions {
  readonly settings: Settings;
  /** Whether the platform runs releases, and a change of settings is one of what runs. */
  readonly isReleased: () => boolean;
  readonly change: (plan: (deployment: Deployment) => Plan, asked: Asked) => Promise<ChangeReport>;
  /** Throws `change_under_way` while a change is. */
  readonly assertFree: () => void;
  /** From source: makes the copies of a service use its newest settings; answers those that do. */
  readonly exchange: (service: string) => Promise<string[]>;
  /** The copies that serve with a service, by their ids. */
  readonly copiesWith: (service: string) => string[];
}

/** What came of a change. */
export interface Applied {
  readonly version: number;
  /** The copies that serve with it; none while nothing was started with it. */
  readonly instances: readonly string[];
  /** What the service still needs before it is started. */
  readonly waitsFor?: string;
  /** It comes into force with the next change of the service. */
  readonly ahead?: true;
  readonly report?: ChangeReport;
}

/** What is to be different in the configuration. */
export interface ConfigChange {
  readonly set: Values;
  readonly unset: readonly string[];
}

/** A change as it is carried out. */
interface Step {
  readonly service: string;
  readonly asked: Asked;
  /** Kept for code that comes, and declared by none that is here. */
  readonly ahead: boolean;
  readonly declared: Declared;
  /** The versions that it goes on from. */
  readonly base: SettingsVersions;
}

/** What a change of settings makes of those of a service. */
interface Made {
  readonly kind: keyof SettingsVersions;
  /** Names of settings or secrets that it is about. */
  readonly names: readonly string[];
  readonly after: { readonly values: Values; readonly secrets: readonly string[] };
  /** Writes the new version; answers its number. */
  readonly write: (making: { by: string; from: number; ahead: boolean }) => Promise<number>;
}

/**
 * Changes what operators set. From source, the copies of the service's unit are exchanged for such that have the newest. Where the platform runs releases it
 * is a change like any other: the unit gets a release with the new versions, and what its new copies cannot start with does not come into force.
 */
export class SettingsChanges {
  readonly #options: SettingsChangesOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SettingsChangesOptions) {
    this.#options = options;
  }

  /** Sets settings of a service and takes others back to their defaults, whole or not at all. */
  async config(
    service: string,
    { set, unset }: ConfigChange,
    ahead: boolean,
    asked: Asked,
  ): Promise<Applied & { readonly before: Values; readonly values: Values }> {
    const { settings } = this.#options;
    let before: Values = {};
    let values: Values = {};
    const applied = await this.#change(service, ahead, asked, async ({ base, declared }) => {
      before = settings.values(service, base.config);
      values = changedValues(service, before, set, unset);
      const names = Object.keys(set);
      const known = names.filter((name) => isDeclared(declared.config, name));
      if (ahead) assertAhead(service, known);
      else await settings.assertFits(service, declared, values, names);
      return {
        kind: "config",
        names: [...names, ...unset].filter((name) => isDeclared(declared.config, name)),
        after: { values, secrets: this.#secretsIn(service, base) },
        write: async (making) =>
          (await settings.configuration.add(service, values, making)).version,
      };
    });
    return { before, values, ...applied };
  }

  /** Sets one secret of a service. */
  setSecret(
    service: string,
    { name, value }: { readonly name: string; readonly value: string },
    ahead: boolean,
    asked: Asked,
  ): Promise<Applied> {
    const { settings } = this.#options;
    return this.#change(service, ahead, asked, ({ base, declared: { secrets = [] } }) => {
      const isKnown = secrets.some((each) => each.name === name);
      if (ahead) assertAhead(service, isKnown ? [name] : [], name);
      else assertDeclaredSecret(service, name, secrets);
      assertSecretValue(name, value);
      return {
        kind: "secrets",
        names: isKnown ? [name] : [],
        after: {
          values: settings.values(service, base.config),
          secrets: [...this.#secretsIn(service, base), name],
        },
        write: (making) => settings.secrets.set(service, name, value, making),
      };
    });
  }

  /** Removes one secret of a service. */
  removeSecret(service: string, name: string, asked: Asked): Promise<Applied> {
    const { settings } = this.#options;
    return this.#change(service, false, asked, ({ base, declared: { secrets = [] } }) => ({
      kind: "secrets",
      names: secrets.flatMap((each) => (each.name === name ? [name] : [])),
      after: {
        values: settings.values(service, base.config),
        secrets: this.#secretsIn(service, base).filter((each) => each !== name),
      },
      write: (making) => settings.secrets.remove(service, name, making),
    }));
  }

  #secretsIn(service: string, { secrets }: SettingsVersions): string[] {
    return this.#options.settings.secrets.list(service, secrets).map(({ name }) => name);
  }

  /** One after the other: each goes on from what the one before has made. */
  #change(
    service: string,
    ahead: boolean,
    asked: Asked,
    make: (step: Step) => Promise<Made> | Made,
  ): Promise<Applied> {
    const { assertFree, isReleased, settings } = this.#options;
    const isChange = isReleased() && !ahead;
    const work = async (): Promise<Applied> => {
      if (isChange) assertFree();
      const declared = ahead ? declaredYet(settings, service) : settings.declared(service);
      const step = { service, asked, ahead, declared, base: settings.coming(service) };
      const made = await make(step);
      return isReleased() ? this.#release(step, made) : this.#exchange(step, made);
    };
    // Before it waits for others: whoever has patience asks again.
    if (isChange) assertFree();
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** A new release of the service's unit, unless that would start nothing: then it waits for what comes next. */
  async #release(step: Step, { after, kind, names, write }: Made): Promise<Applied> {
    const { change, copiesWith, settings } = this.#options;
    const { ahead, asked, base, declared, service } = step;
    const lack = ahead ? undefined : await settings.lackWith(service, declared, after);
    if (lack !== undefined && settings.problemOf(service) === undefined) {
      throw new KerfError("conflict", {
        message: `${service} runs, and would lack what it needs: ${lack.problems.join("; ")}.`,
        why: "Nothing was changed.",
        fix: "Set another value, or deploy code first that does without it.",
      });
    }
    const waits = ahead || names.length === 0 || lack !== undefined;
    const version = await write({ by: asked.by, from: base[kind], ahead: waits });
    if (waits) {
      const problem = ahead ? undefined : await settings.check(service);
      const waitsFor = problem === undefined ? undefined : { waitsFor: problem.message };
      return { version, instances: [], ahead: true, ...waitsFor };
    }
    const now = settings.inForce(service);
    const report = await change((deployment) => {
      if (isDeepStrictEqual(now, settings.inForce(service)))
        return planConfigure(deployment, service, { ...base, [kind]: version }, names);
      throw new KerfError("conflict", {
        message: `The settings of ${service} were changed meanwhile, and nothing of this was made.`,
        fix: "Do it again.",
        retry: "not-executed",
      });
    }, asked);
    return { version, instances: copiesWith(service), report };
  }

  /** From source: what cannot be started leaves the old copies serving; the version is kept, and the error says so. */
  async #exchange({ ahead, asked, base, service }: Step, { kind, write }: Made): Promise<Applied> {
    const { exchange, settings } = this.#options;
    const version = await write({ by: asked.by, from: base[kind], ahead: false });
    if (ahead) return { version, instances: [], ahead };
    const problem = await settings.check(service);
    if (problem !== undefined) return { version, instances: [], waitsFor: problem.message };
    try {
      return { version, instances: await exchange(service) };
    } catch (thrown) {
      const { message, code } = toKerfError(thrown);
      throw new KerfError(code, {
        message: `Version ${version} is kept, and ${service} could not be started with it: ${message}`,
        why: "What ran before serves on, with what it was started with.",
        fix: `Look at kerf logs ${service}, then set it as it was, or to what fits.`,
        cause: thrown,
      });
    }
  }
}

/** What a service declares; nothing of one that comes only later. */
function declaredYet(settings: Settings, service: string): Declared {
  try {
    return settings.declared(service);
  } catch (thrown) {
    if (toKerfError(thrown).code === "not_found") return {};
    throw thrown;
  }
}

function changedValues(
  service: string,
  values: Values,
  set: Values,
  unset: readonly string[],
): Values {
  const missing = unset.filter((name) => !Object.hasOwn(values, name));
  if (missing.length > 0) {
    throw new KerfError("not_found", {
      message: `${missing.join(", ")} of ${service} ${missing.length === 1 ? "is" : "are"} not set.`,
      why: "Nothing was changed.",
      fix: `kerf config get ${service} says what is.`,
    });
  }
  const kept = Object.entries(values).filter(([name]) => !unset.includes(name));
  return { ...Object.fromEntries(kept), ...set };
}
