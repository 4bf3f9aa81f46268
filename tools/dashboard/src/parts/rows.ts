import type { KeyboardEvent } from "react";

/** Moves the focus between rows of a table: `j` and `k`, or the arrows; Enter follows the row's first link. */
export function moveRows(event: KeyboardEvent<HTMLElement>): void {
  const target = event.target as HTMLElement;
  if (target.tagName !== "TR" && event.key !== "j" && event.key !== "k") return;
  const row = target.closest("tr");
  if (row === null || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
  if (event.key === "j" || event.key === "ArrowDown") focus(row.nextElementSibling, event);
  else if (event.key === "k" || event.key === "ArrowUp") focus(row.previousElementSibling, event);
  else if (event.key === "Enter" && target === row)
    row.querySelector<HTMLElement>("a, button")?.click();
}

function focus(row: Element | null, event: KeyboardEvent): void {
  if (!(row instanceof HTMLElement)) return;
  event.preventDefault();
  row.focus();
}
