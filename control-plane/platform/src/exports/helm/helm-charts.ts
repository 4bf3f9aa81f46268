import { KerfError } from "@kerf/kernel";
import type { ExportedProgram } from "../exported-programs.ts";
import type { KubernetesExport } from "../kubernetes/kubernetes-export.ts";
import {
  documentYaml,
  type KubernetesObject,
  type Manifest,
  toYaml,
} from "../kubernetes/manifest.ts";

/** What stands in an object where a chart asks its values; no object of an export has a string like it. */
const mark = (name: string): string => `@@${name}@@`;

/** What teams may set of a chart; what else there is, is the app's own. */
interface Values {
  readonly image: string;
  readonly replicas: { readonly min: number; readonly max: number };
  readonly resources: unknown;
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/**
 * A chart for each program, so that a team deploys its own, and one for what they share; by path. Rendered with its own values a chart is what the plain export says. Throws
 * `invalid_configuration` for a name that is no program.
 */
export function helmCharts(
  { programs, shared }: KubernetesExport,
  names: readonly string[] = [],
): Record<string, string> {
  const unknown = names.find((name) => !programs.some(({ program }) => program.name === name));
  if (unknown !== undefined) {
    throw new KerfError("invalid_configuration", {
      message: `There is no program ${JSON.stringify(unknown)} to make a chart of.`,
      fix: `There are ${programs.map(({ program }) => program.name).join(", ")}.`,
    });
  }
  const files: Record<string, string> = {};
  if (names.length === 0) {
    Object.assign(files, chart("shared", "What all programs share", shared, "1"));
    files["shared/values.yaml"] = "# Nothing to set.\n{}\n";
  }
  for (const { manifests, program } of programs) {
    if (names.length > 0 && !names.includes(program.name)) continue;
    const values = valuesOf(program, manifests);
    const marked = manifests.map((one) => ({ ...one, object: withMarks(one.object, program) }));
    const tag = program.image.slice(program.image.lastIndexOf(":") + 1);
    Object.assign(files, chart(program.name, `The program ${program.name}`, marked, tag));
    files[`${program.name}/values.yaml`] = documentYaml(values, [
      { at: ["image"], text: "Never latest: another image is another tag, or a digest." },
      { at: ["env"], text: "Beside its own; no secrets, which others read too easily here." },
    ]);
  }
  return files;
}

function chart(
  name: string,
  description: string,
  manifests: readonly Manifest[],
  appVersion: string,
): Record<string, string> {
  const about = {
    apiVersion: "v2",
    name,
    description,
    type: "application",
    version: "0.1.0",
    appVersion,
  };
  return {
    [`${name}/Chart.yaml`]: documentYaml(about, []),
    [`${name}/templates/${name}.yaml`]: asTemplate(toYaml(manifests)),
  };
}

function valuesOf({ name }: ExportedProgram, manifests: readonly Manifest[]): Values {
  const find = (kind: string): any =>
    manifests.find(({ object }) => object.kind === kind && object.metadata.name === name)?.object;
  const { template } = find("Deployment").spec;
  const scaled = find("HorizontalPodAutoscaler")?.spec ?? find("ScaledObject")?.spec;
  const [container] = template.spec.containers;
  return {
    image: container.image,
    replicas: {
      min: scaled.minReplicas ?? scaled.minReplicaCount,
      max: scaled.maxReplicas ?? scaled.maxReplicaCount,
    },
    resources: container.resources,
    env: [],
  };
}

function withMarks(object: KubernetesObject, program: ExportedProgram): KubernetesObject {
  const copy = structuredClone(object) as any;
  const { kind, metadata } = copy;
  if (kind === "HorizontalPodAutoscaler")
    Object.assign(copy.spec, { minReplicas: mark("min"), maxReplicas: mark("max") });
  if (kind === "ScaledObject")
    Object.assign(copy.spec, { minReplicaCount: mark("min"), maxReplicaCount: mark("max") });
  const isOwn = metadata.name === program.name;
  // Of an image of somebody else the Job runs with an image of Kerf's, which is the app's.
  if ((kind === "Job" && program.foreign === undefined) || (kind === "Deployment" && isOwn)) {
    const [container] = copy.spec.template.spec.containers;
    container.image = mark("image");
    container.resources = mark("resources");
    container.env.push(mark("env"));
    // It ends with the tag: a Job cannot change, and another image is another run.
    if (kind === "Job") metadata.name = metadata.name.replace(/-[^-]*$/, `-${mark("run")}`);
  }
  return copy as KubernetesObject;
}

const run =
  '{{ regexReplaceAll "[^a-z0-9-]" (splitList ":" .Values.image | last | lower) "-" | trunc 12 }}';

function asTemplate(text: string): string {
  return (
    text
      // What looks like a template in a document of the app is none.
      .replaceAll("{{", '{{ "{{" }}')
      .replaceAll(`"${mark("image")}"`, "{{ .Values.image }}")
      .replaceAll(`"${mark("min")}"`, "{{ .Values.replicas.min }}")
      .replaceAll(`"${mark("max")}"`, "{{ .Values.replicas.max }}")
      .replaceAll(mark("run"), run)
      .replaceAll(
        /^( *)resources: "@@resources@@"$/gm,
        (_, indent: string) =>
          `${indent}resources:\n${indent}  {{- toYaml .Values.resources | nindent ${indent.length + 2} }}`,
      )
      .replaceAll(
        /^( *)- "@@env@@"$/gm,
        (_, indent: string) =>
          `${indent}{{- with .Values.env }}\n${indent}{{- toYaml . | nindent ${indent.length} }}\n${indent}{{- end }}`,
      )
  );
}
