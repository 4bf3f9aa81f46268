import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";

/** Height of a line, pixels. */
const lineHeight = 20;
/** From the end, pixels: whoever is nearer than this sees what comes. */
const nearEnd = 40;

/** Many lines of one height; only those that can be seen are in the page. With `follow` it stays at the end while somebody looks at it. */
export function VirtualLines({
  count,
  follow,
  label,
  line,
}: {
  readonly label: string;
  readonly count: number;
  readonly follow: boolean;
  readonly line: (at: number) => ReactNode;
}): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const lines = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  });
  useEffect(() => {
    if (follow && isAtEnd.current) lines.scrollToIndex(count - 1, { align: "end" });
  }, [count, follow, lines]);
  return (
    <div
      ref={scroller}
      className="lines"
      role="group"
      aria-label={label}
      tabIndex={0}
      onScroll={({ currentTarget: { clientHeight, scrollHeight, scrollTop } }) => {
        isAtEnd.current = scrollHeight - clientHeight - scrollTop < nearEnd;
      }}
    >
      <div style={{ height: lines.getTotalSize(), position: "relative" }}>
        {lines.getVirtualItems().map(({ index, key, start }) => (
          <div
            key={key}
            style={{
              position: "absolute",
              top: start,
              left: 0,
              minWidth: "100%",
              height: lineHeight,
            }}
          >
            {line(index)}
          </div>
        ))}
      </div>
    </div>
  );
}
