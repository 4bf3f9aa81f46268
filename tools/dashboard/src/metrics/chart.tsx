import { type ReactNode, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** A line of a chart. */
export interface Line {
  readonly label: string;
  /** By the chart's times; null where nothing was measured. */
  readonly values: readonly (number | null)[];
}

/** A point that leads somewhere. */
export interface Dot {
  /** Unix ms. */
  readonly at: number;
  readonly value: number;
  readonly traceId: string;
}

/** Something that was changed while this was measured. */
export interface Mark {
  /** Unix ms. */
  readonly at: number;
  readonly text: string;
}

/** How near a click has to be to a dot, pixels. */
const nearPixels = 12;
const height = 200;

/** A chart over time. Changes are vertical lines, examples are dots; a click on one opens its trace. */
export function Chart({
  dots,
  lines,
  marks,
  onDot,
  times,
  title,
  valueText,
}: {
  readonly title: string;
  /** Unix ms. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly dots: readonly Dot[];
  readonly marks: readonly Mark[];
  readonly valueText: (value: number) => string;
  readonly onDot: (traceId: string) => void;
}): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const facts = useRef({ dots, marks, onDot });
  facts.current = { dots, marks, onDot };
  const plot = useRef<uPlot>(undefined);
  const shape = lines.map(({ label }) => label).join("\n");
  const data = (): uPlot.AlignedData =>
    [times.map((at) => at / 1_000), ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
  useEffect(() => {
    const parent = place.current;
    if (parent === null) return;
    const style = getComputedStyle(parent);
    const colour = (name: string): string => {
      // Resolves light-dark(): a property's own text would still have both in it.
      parent.style.color = `var(${name})`;
      const found = style.color;
      parent.style.color = "";
      return found;
    };
    const accent = colour("--accent");
    const faint = colour("--faint");
    const line = colour("--line");
    const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
    const made = new uPlot(
      {
        width: parent.clientWidth,
        height,
        legend: { show: lines.length > 1 },
        cursor: { drag: { x: false, y: false } },
        series: [
          {},
          ...lines.map(({ label }, at) => ({
            label,
            stroke: at === 0 ? accent : faint,
            dash: at < 2 ? [] : [2 * at, 4],
            width: at === 0 ? 2 : 1,
            points: { show: false },
            value: (_plot: uPlot, value: number | null) =>
              value === null ? "–" : valueText(value),
          })),
        ],
        axes: [axis, { ...axis, size: 64, values: (_plot, values) => values.map(valueText) }],
        hooks: {
          draw: [
            (drawn) => {
              drawMarks(drawn, facts.current.marks, faint);
              drawDots(drawn, facts.current.dots, accent);
            },
          ],
        },
      },
      data(),
      parent,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height }));
    resized.observe(parent);
    const clicked = (event: MouseEvent): void => {
      const dot = facts.current.dots.find(
        ({ at, value }) =>
          Math.hypot(
            made.valToPos(at / 1_000, "x") - event.offsetX,
            made.valToPos(value, "y") - event.offsetY,
          ) < nearPixels,
      );
      if (dot !== undefined) facts.current.onDot(dot.traceId);
    };
    made.over.addEventListener("click", clicked);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data()));
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div ref={place} role="img" aria-label={title} />
    </figure>
  );
}

function drawMarks(plot: uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.setLineDash([2, 2]);
  ctx.font = `${11 * devicePixelRatio}px system-ui`;
  for (const { at, text } of marks) {
    const x = plot.valToPos(at / 1_000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(text, x + 3, bbox.top + 11 * devicePixelRatio);
  }
  ctx.restore();
}

function drawDots(plot: uPlot, dots: readonly Dot[], colour: string): void {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = colour;
  for (const { at, value } of dots) {
    ctx.beginPath();
    const radius = 3 * devicePixelRatio;
    ctx.arc(plot.valToPos(at / 1_000, "x", true), plot.valToPos(value, "y", true), radius, 0, 7);
    ctx.fill();
  }
  ctx.restore();
}
