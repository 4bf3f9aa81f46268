import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rows } from "../docs/microservices.ts";
import { layers } from "../layers.ts";
import { buildConfigs } from "./build/build-configs.ts";
import { crashPointsFile } from "./crash-points/points.ts";
import { guidePages } from "./guides/pages.ts";
import { dependencyPicture } from "./layers/picture.ts";
import { microservicesPage } from "./microservices/page.ts";
import { root } from "./root.ts";

/** A file that is written from another source of truth. */
export interface Generated {
  /** From the top of the checkout. */
  readonly path: string;
  /** What it says today. */
  readonly text: string;
}

/** Whether the file below `at` says what its source says. */
export function isCurrent(at: string, { path, text }: Generated): boolean {
  const file = join(at, path);
  return existsSync(file) && readFileSync(file, "utf8") === text;
}

/** Every generated file that is kept in the repository, so that drift shows in the diff. */
export function generatedFiles(): Generated[] {
  return [
    { path: "docs/architecture/dependencies.md", text: dependencyPicture(root, layers) },
    { path: "docs/microservices.md", text: microservicesPage(rows) },
    { path: "tests/crash/points.generated.json", text: crashPointsFile(root) },
    ...guidePages(root),
    ...[...buildConfigs(root, layers)].map(([path, text]) => ({ path, text })),
  ];
}
