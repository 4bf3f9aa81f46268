import { useEffect } from "react";
import { pages } from "./pages.ts";

/** How long after `g` its second key may come, milliseconds. */
const secondKeyMs = 1_500;

/** Keys that hold on every page: `g` and a page's own key, `/` into the search box, `j` into the rows, `?` for help. */
export function useKeys(go: (to: string) => void, help: () => void): void {
  useEffect(() => {
    let waitsUntil = 0;
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const isTyping = target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
      if (isTyping && event.key === "Escape") target.blur();
      const isOpen = document.querySelector("[role=dialog]") !== null;
      if (isTyping || isOpen || event.ctrlKey || event.metaKey || event.altKey) return;
      const page = pages.find(({ key }) => key === event.key);
      if (Date.now() < waitsUntil && page !== undefined) {
        waitsUntil = 0;
        event.preventDefault();
        go(page.to);
      } else if (event.key === "g") waitsUntil = Date.now() + secondKeyMs;
      else if (event.key === "?") help();
      else if (event.key === "/") focusFirst("main input[type=search]", event);
      else if ((event.key === "j" || event.key === "ArrowDown") && target === document.body)
        focusFirst("main tbody tr[tabindex], main [data-row]", event);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [go, help]);
}

function focusFirst(selector: string, event: Event): void {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) return;
  event.preventDefault();
  found.focus();
}
