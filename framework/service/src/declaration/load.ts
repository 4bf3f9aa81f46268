import { pathToFileURL } from "node:url";
import { KerfError } from "@kerf/kernel";
import type { App, ServiceModule } from "./app.ts";
import { loadProblem } from "./load-problem.ts";
import type { AnyService } from "./service.ts";

// What comes out of authors' modules is told apart by its `type`: their copy of this package may be another one.

/** Loads the module at an absolute path whose default export is the app. */
export async function loadApp(appModule: string): Promise<App> {
  const { default: exported } = (await import(pathToFileURL(appModule).href)) as {
    default?: Partial<App> | null;
  };
  if (exported?.type === "app") return exported as App;
  throw new KerfError("invalid_app", {
    message: `${appModule} exports no app.`,
    why:
      exported === undefined
        ? "It has no default export."
        : "Its default export is something else.",
    fix: "End it with: export default app(NAME, { services: { … } });",
  });
}

/** Loads a module whose default export is a service; `what` names it in errors. */
export async function loadService(what: string, module: ServiceModule): Promise<AnyService> {
  const { default: exported } = (await module()) as { default?: Partial<AnyService> | null };
  if (exported?.type === "service") return exported as AnyService;
  throw new KerfError("invalid_app", {
    message: `The module of ${what} exports no service.`,
    why:
      exported === undefined
        ? "It has no default export."
        : "Its default export is something else.",
    fix: "End it with: export default service(contract, { … }).implement({ … });",
  });
}

/** Runs `load`; a failure of it becomes `start_failed` with its place, instead of the loader's own stack. */
export async function loading<T>(what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (thrown) {
    if (thrown instanceof KerfError) throw thrown;
    throw new KerfError("start_failed", {
      message: loadProblem(what, thrown),
      fix: "Correct it there. kerf dev starts it again when the file is saved; a release is deployed anew.",
      cause: thrown,
    });
  }
}
