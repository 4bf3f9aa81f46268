import { type PointerEvent, type ReactNode, useRef, useState } from "react";
import { clockTime, duration } from "../parts/format.ts";
import type { Spike, Timed } from "./spike.ts";

/** What one dot is. */
export interface Dot extends Timed {
  readonly traceId: string;
  readonly failed: boolean;
}

/** Inner size; it is drawn as wide as there is room. */
const width = 1_000;
const height = 140;
/** Around the dots. */
const margin = 6;
/** A drag of less is a click, of the inner size. */
const leastDrag = 4;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Every trace as a dot by when it began and how long it took, on a logarithmic scale; a part of it is chosen by dragging over it. */
export function DurationPlot({
  chosen,
  dots,
  onChoose,
}: {
  readonly dots: readonly Dot[];
  readonly chosen: Spike | undefined;
  readonly onChoose: (spike: Spike | undefined) => void;
}): ReactNode {
  const drawing = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<{ readonly from: Point; readonly to: Point }>();
  if (dots.length === 0) return null;
  const scale = scaleOf(dots);
  const pointOf = ({ clientX, clientY }: PointerEvent): Point => {
    const box = drawing.current?.getBoundingClientRect() ?? new DOMRect(0, 0, width, height);
    const within = (share: number): number => Math.min(1, Math.max(0, share));
    return {
      x: within((clientX - box.left) / box.width) * width,
      y: within((clientY - box.top) / box.height) * height,
    };
  };
  const finish = (): void => {
    setDrag(undefined);
    if (drag === undefined) return;
    const { from, to } = drag;
    const isClick = Math.abs(from.x - to.x) < leastDrag && Math.abs(from.y - to.y) < leastDrag;
    onChoose(isClick ? undefined : scale.spike(from, to));
  };
  const frame =
    drag === undefined
      ? chosen && scale.frame(chosen)
      : {
          x: Math.min(drag.from.x, drag.to.x),
          y: Math.min(drag.from.y, drag.to.y),
          width: Math.abs(drag.from.x - drag.to.x),
          height: Math.abs(drag.from.y - drag.to.y),
        };
  return (
    <figure className="durations">
      <figcaption>
        How long they took, {duration(scale.leastMs)} to {duration(scale.mostMs)}, from{" "}
        {clockTime(scale.from)} to {clockTime(scale.to)}; drag over some to see what they have in
        common
      </figcaption>
      <svg
        ref={drawing}
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Durations of the traces below"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const from = pointOf(event);
          setDrag({ from, to: from });
        }}
        onPointerMove={(event) => {
          if (drag !== undefined) setDrag({ ...drag, to: pointOf(event) });
        }}
        onPointerUp={finish}
        onPointerCancel={() => setDrag(undefined)}
      >
        {dots.map((dot) => (
          // A line of no length has a round end, whatever the drawing is stretched to.
          <path
            key={dot.traceId}
            className={dot.failed ? "dot failed" : "dot"}
            d={`M${scale.x(dot.startedAt / 1_000)} ${scale.y(dot.durationMicros / 1_000)}h0`}
          />
        ))}
        {frame === undefined ? null : <rect className="frame" {...frame} />}
      </svg>
    </figure>
  );
}

/** From times and durations to places and back. */
function scaleOf(dots: readonly Timed[]) {
  const starts = dots.map(({ startedAt }) => startedAt / 1_000);
  const took = dots.map(({ durationMicros }) => Math.max(0.001, durationMicros / 1_000));
  const [from, to] = [Math.min(...starts), Math.max(...starts)];
  const [leastMs, mostMs] = [Math.min(...took), Math.max(...took)];
  const spanMs = Math.max(1, to - from);
  const [low, high] = [Math.log(leastMs), Math.log(mostMs)];
  const spread = Math.max(0.01, high - low);
  const [wide, tall] = [width - 2 * margin, height - 2 * margin];
  const x = (at: number): number => margin + (wide * (at - from)) / spanMs;
  const y = (ms: number): number =>
    height - margin - (tall * (Math.log(Math.max(0.001, ms)) - low)) / spread;
  const at = (place: number): number => from + (spanMs * (place - margin)) / wide;
  const ms = (place: number): number => Math.exp(low + (spread * (height - margin - place)) / tall);
  return {
    from,
    to,
    leastMs,
    mostMs,
    x,
    y,
    spike: (one: Point, other: Point): Spike => ({
      from: Math.floor(at(Math.min(one.x, other.x))),
      to: Math.ceil(at(Math.max(one.x, other.x))),
      leastMs: ms(Math.max(one.y, other.y)),
      mostMs: ms(Math.min(one.y, other.y)),
    }),
    frame: (spike: Spike) => ({
      x: x(spike.from),
      y: y(spike.mostMs),
      width: Math.max(2, x(spike.to) - x(spike.from)),
      height: Math.max(2, y(spike.leastMs) - y(spike.mostMs)),
    }),
  };
}
