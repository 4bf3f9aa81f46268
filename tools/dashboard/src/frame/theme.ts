/** How the pages look: as the system says, or as it was chosen here. */
export type Theme = "system" | "light" | "dark";

const place = "kerf-theme";

/** What was chosen. */
export function theme(): Theme {
  const kept = localStorage.getItem(place);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Makes the pages look as chosen. */
export function applyTheme(chosen: Theme = theme()): void {
  if (chosen === "system") localStorage.removeItem(place);
  else localStorage.setItem(place, chosen);
  document.documentElement.dataset["theme"] = chosen;
}
