import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { engineCache, hasEngine } from "@kerf/events/testing";

const program = "kube-score-1.20.0/kube-score";
const skip = hasEngine(program) ? false : `needs ${program}, which scripts/engines/setup brings`;
// In a pipeline the golden files are compared, and held to the most of these rules by the export's own test.
if (skip !== false) console.log(`skipped: ${skip}`);

/** Rules that are not ours. */
const left = [
  // An image that is asked for again at every start needs a registry to start what the node already has; tags are those of builds, and --pin writes digests.
  "container-image-pull-policy",
  // Pods are spread over zones and nodes by topologySpreadConstraints, which it does not count.
  "deployment-has-host-podantiaffinity",
  // How many copies there are, the app and the options of the export say: one of each canary, and what an app asks for with `scale`.
  "deployment-replicas",
  "horizontalpodautoscaler-replicas",
];

/** The files, and how many times a rule is judged at least. */
const files = { plain: 100, operators: 100, certificates: 20, images: 20 };

for (const [name, least] of Object.entries(files)) {
  test(`kube-score finds nothing in golden/kubernetes-${name}.yaml`, { skip }, async () => {
    const file = fileURLToPath(new URL(`../golden/kubernetes-${name}.yaml`, import.meta.url));
    const { stdout } = await promisify(execFile)(join(engineCache, program), [
      "score",
      file,
      "--output-format=ci",
      // It ends with 1 for anything critical, and with this for warnings too.
      "--exit-one-on-warning",
      ...left.map((rule) => `--ignore-test=${rule}`),
    ]).catch((error: { stdout?: string; message: string }) => {
      throw new Error(error.stdout ?? error.message);
    });
    const judged = stdout.split("\n").filter((line) => line.startsWith("[OK]"));
    assert.ok(judged.length > least, stdout);
  });
}
