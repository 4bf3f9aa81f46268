import {
  BaseEdge,
  Controls,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getBezierPath,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { type ReactNode, useMemo } from "react";
import { BoxCard, Numbers } from "./box-card.tsx";
import { layout, sizes } from "./layout.ts";
import type { Box, Picture, Way } from "./model.ts";

type BoxNode = Node<{ box: Box; chosen: boolean; onChoose: (id: string) => void }, "box">;
type WayEdge = Edge<{ way: Way }, "way">;

/** The map drawn: boxes that can be opened, ways between them. It can be moved and made larger, and stays where it was put. */
export function Diagram({
  chosen,
  onChoose,
  picture,
}: {
  readonly picture: Picture;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}): ReactNode {
  // What is connected moves only when boxes come and go, never with their numbers.
  const shape = JSON.stringify([
    picture.boxes.map(({ id, kind, services }) => [id, kind, services]),
    picture.ways.map(({ id }) => id),
  ]);
  const places = useMemo(() => layout(picture), [shape]);
  const nodes = picture.boxes.map((box): BoxNode => {
    const { height, x, y } = places.get(box.id) ?? { x: 0, y: 0, height: sizes.head };
    return {
      id: box.id,
      type: "box",
      position: { x, y },
      width: sizes.width,
      height,
      draggable: false,
      focusable: false,
      data: { box, chosen: box.id === chosen, onChoose },
    };
  });
  const edges = picture.ways.map((way): WayEdge => ({
    id: way.id,
    source: way.from,
    target: way.to,
    type: "way",
    focusable: false,
    className: `way ${way.kind} ${way.use}${chosen !== undefined && way.from !== chosen && way.to !== chosen ? " dim" : ""}`,
    markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
    data: { way },
  }));
  return (
    <div className="diagram">
      <ReactFlow
        key={String(places.size)}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        fitView
        fitViewOptions={{ padding: 0.08, maxZoom: 1 }}
        minZoom={0.3}
        maxZoom={1.5}
        nodesConnectable={false}
        edgesFocusable={false}
        onPaneClick={() => onChoose(undefined)}
        proOptions={{ hideAttribution: true }}
      >
        <Controls showInteractive={false} />
      </ReactFlow>
      <Legend picture={picture} />
    </div>
  );
}

function BoxNodeView({ data }: NodeProps<BoxNode>): ReactNode {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <BoxCard {...data} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

function WayView({ data, id, markerEnd, ...ends }: EdgeProps<WayEdge>): ReactNode {
  const [path, x, y] = getBezierPath(ends);
  const way = data?.way;
  return (
    <>
      <BaseEdge id={id} path={path} {...(markerEnd === undefined ? undefined : { markerEnd })} />
      {way?.traffic === undefined && way?.use !== "undeclared" ? null : (
        <EdgeLabelRenderer>
          <div
            className={`way-label ${way.use}`}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          >
            {way.use === "undeclared" ? "undeclared " : ""}
            {way.traffic === undefined ? null : <Numbers measured={way.traffic} />}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

const nodeTypes = { box: BoxNodeView };
const edgeTypes = { way: WayView };

/** What the lines mean, as far as there are any of them. */
function Legend({ picture: { ways } }: { readonly picture: Picture }): ReactNode {
  const lines = [
    ["call", "calls", ways.some(({ kind }) => kind === "call" || kind === "http")],
    ["event", "events", ways.some(({ kind }) => kind === "event")],
    ["data", "data", ways.some(({ kind }) => kind === "data")],
    ["unused", "declared, not used", ways.some(({ use }) => use === "unused")],
    ["undeclared", "used, not declared", ways.some(({ use }) => use === "undeclared")],
  ] as const;
  return (
    <ul className="legend" aria-label="What the lines mean">
      {lines
        .filter(([, , there]) => there)
        .map(([kind, text]) => (
          <li key={kind}>
            <svg width="28" height="8" aria-hidden="true" className={`way ${kind}`}>
              <path d="M0 4H28" />
            </svg>
            {text}
          </li>
        ))}
    </ul>
  );
}
