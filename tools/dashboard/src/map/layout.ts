import type { Box, Picture } from "./model.ts";

/** Sizes in pixels, on a grid of four. */
export const sizes = { width: 200, head: 56, row: 20, foot: 8, columnGap: 120, rowGap: 28 };

/** Where a box stands. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** How often boxes are ordered anew by their neighbours; it settles after a few times. */
const rounds = 6;

/** How high a box is. */
export function heightOf(box: Pick<Box, "kind" | "services">): number {
  const { foot, head, row } = sizes;
  return head + (box.kind === "unit" ? box.services.length * row + foot : 0);
}

/**
 * Places boxes in columns: clients, gateways, units after those that call them, databases last. In each column they stand near those that they
 * are connected with. The same picture always gives the same places.
 */
export function layout({ boxes, ways }: Picture): ReadonlyMap<string, Place> {
  const columns = columnsOf({ boxes, ways });
  const neighbours = new Map<string, string[]>(boxes.map(({ id }) => [id, []]));
  for (const { from, to } of ways) {
    neighbours.get(from)?.push(to);
    neighbours.get(to)?.push(from);
  }
  const centre = new Map<string, number>();
  const stack = (column: readonly Box[]): void => {
    const total = column.reduce((sum, box) => sum + heightOf(box) + sizes.rowGap, -sizes.rowGap);
    let y = -total / 2;
    for (const box of column) {
      centre.set(box.id, y + heightOf(box) / 2);
      y += heightOf(box) + sizes.rowGap;
    }
  };
  for (const column of columns) stack(column);
  for (let round = 0; round < rounds; round++)
    for (const column of columns) {
      const wish = new Map(
        column.map(({ id }) => {
          const places = (neighbours.get(id) ?? []).map((other) => centre.get(other) ?? 0);
          return [id, places.length === 0 ? (centre.get(id) ?? 0) : mean(places)];
        }),
      );
      column.sort((a, b) => (wish.get(a.id) ?? 0) - (wish.get(b.id) ?? 0));
      stack(column);
    }
  return new Map(
    columns.flatMap((column, at) =>
      column.map((box) => {
        const height = heightOf(box);
        const x = at * (sizes.width + sizes.columnGap);
        return [box.id, { x, y: Math.round((centre.get(box.id) ?? 0) - height / 2), height }];
      }),
    ),
  );
}

/** Which boxes stand in which column; circles are cut where they are met. */
function columnsOf({ boxes, ways }: Picture): Box[][] {
  const units = boxes.filter(({ kind }) => kind === "unit");
  const isUnit = new Set(units.map(({ id }) => id));
  const calls = ways.filter(({ kind, to }) => kind === "call" && isUnit.has(to));
  const depths = new Map<string, number>();
  const depthOf = (id: string, path: readonly string[]): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const callers = calls.filter(
      ({ from, to }) => to === id && isUnit.has(from) && !path.includes(from),
    );
    const depth = Math.max(-1, ...callers.map(({ from }) => depthOf(from, [...path, id]))) + 1;
    depths.set(id, depth);
    return depth;
  };
  const deep = Map.groupBy(units, ({ id }) => depthOf(id, []));
  return [
    boxes.filter(({ kind }) => kind === "client"),
    boxes.filter(({ kind }) => kind === "gateway"),
    ...[...deep].sort(([a], [b]) => a - b).map(([, column]) => column),
    boxes.filter(({ kind }) => kind === "database" || kind === "foreign"),
  ].filter((column) => column.length > 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
