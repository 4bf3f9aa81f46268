import type { ReactNode } from "react";

/** The headings of a table of rows. `number`: those that stand at the right; `actions`: the last column has buttons and needs no heading that is seen. */
export function TableHead({
  actions = false,
  columns,
  number = [],
}: {
  readonly columns: readonly string[];
  readonly number?: readonly string[];
  readonly actions?: boolean;
}): ReactNode {
  return (
    <thead>
      <tr>
        {columns.map((title) => (
          <th key={title} className={number.includes(title) ? "number" : undefined}>
            {title}
          </th>
        ))}
        {actions ? (
          <th>
            <span className="unseen">Actions</span>
          </th>
        ) : null}
      </tr>
    </thead>
  );
}

/** What can be done with a row. */
export function ActionsCell({ children }: { readonly children?: ReactNode }): ReactNode {
  return <td className="actions">{children}</td>;
}
