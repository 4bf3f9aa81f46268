import { join, resolve } from "node:path";
import type { BuildOptions } from "../commands/build.ts";
import { homeToStart } from "../connection/home.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { progressView } from "../output/progress-view.ts";
import { labelArguments } from "./build-label.ts";
import { builtText } from "./built-text.ts";
import { imageArguments, programArguments } from "./image-arguments.ts";
import { imageText } from "./image-text.ts";
import { runBuilder, runImageMaker } from "./run-builder.ts";
import { whatToBuild } from "./what-to-build.ts";

/** Builds what is named, shows how far it is, and says what came of it. Throws what the builder says is wrong. */
export async function build(services: readonly string[], options: BuildOptions): Promise<void> {
  const cwd = process.cwd();
  const { module, names } = whatToBuild(services, options, cwd);
  const out =
    options.out === undefined
      ? join(homeToStart(options.home, process.env, cwd), "builds")
      : resolve(cwd, options.out);
  const ofImage = imageArguments(options, cwd);
  const json = options.json === true;
  const view = progressView(cwd);
  try {
    const args = ["--module", module, "--out", out, ...labelArguments(options), "--", ...names];
    const { builds } = await runBuilder(args, (event) => view.event(event));
    if (ofImage !== undefined) {
      const of = [...programArguments(services, builds), "--module", module, ...ofImage];
      const image = await runImageMaker(of, (event) => view.event(event));
      if (json) printJson({ builds, image });
      else view.result(imageText(image));
    } else if (json) printJson({ builds });
    else view.result(builtText(builds, out, paintFor(process.stdout)));
  } finally {
    view.close();
  }
}
