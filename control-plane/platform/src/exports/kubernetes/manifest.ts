import { Document, isMap, isNode, type Node } from "yaml";

/** An object of Kubernetes, as it is written. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Why something stands in an object: the way to it, and a sentence. */
export interface Remark {
  readonly at: readonly (string | number)[];
  readonly text: string;
}

/** An object with the reasons for what is not obvious in it. */
export interface Manifest {
  readonly object: KubernetesObject;
  readonly remarks: readonly Remark[];
}

/** Puts an object down with its reasons. `T` is its type of `kubernetes-models`, so that no field is unknown. */
export function manifest<T extends { apiVersion: string; kind: string; metadata?: unknown }>(
  object: T,
  remarks: readonly Remark[] = [],
): Manifest {
  return { object: object as unknown as KubernetesObject, remarks };
}

/** Longest line of a remark, characters. */
const width = 110;

/** Objects as one text of YAML, each a document with its remarks as comments. */
export function toYaml(manifests: readonly Manifest[]): string {
  return manifests.map(documentOf).join("---\n");
}

const style = { lineWidth: 0 } as const;

function documentOf({ object, remarks }: Manifest): string {
  return documentYaml(object, remarks);
}

/** One value as YAML, with its remarks as comments. */
export function documentYaml(value: object, remarks: readonly Remark[]): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  for (const { at, text } of remarks) {
    const node = keyAt(document, at);
    if (node === undefined) throw new Error(`there is nothing at ${at.join(".")}`);
    node.commentBefore = wrapped(text);
  }
  return document.toString(style);
}

/** The key of a pair, or the item of a list: what a comment stands above. */
function keyAt(document: Document, at: readonly (string | number)[]): Node | undefined {
  const last = at.at(-1);
  const parent = at.length === 1 ? document.contents : document.getIn(at.slice(0, -1), true);
  if (typeof last === "string" && isMap(parent)) {
    const pair = parent.items.find(({ key }) => (isNode(key) ? String(key) : key) === last);
    return isNode(pair?.key) ? pair.key : undefined;
  }
  const node = document.getIn(at, true);
  return isNode(node) ? node : undefined;
}

function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length > width) {
      lines.push(line);
      line = "";
    }
    line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}
