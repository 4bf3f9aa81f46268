/** A page of the navigation. */
export interface Page {
  readonly to: string;
  readonly title: string;
  /** With `g` before it. */
  readonly key: string;
}

/** All pages, the most asked for first. */
export const pages: readonly Page[] = [
  { to: "/", title: "Map", key: "m" },
  { to: "/services", title: "Services", key: "s" },
  { to: "/traces", title: "Traces", key: "t" },
  { to: "/why", title: "Why", key: "y" },
  { to: "/logs", title: "Logs", key: "l" },
  { to: "/metrics", title: "Metrics", key: "u" },
  { to: "/alerts", title: "Alerts", key: "w" },
  { to: "/sagas", title: "Sagas", key: "a" },
  { to: "/events", title: "Events", key: "e" },
  { to: "/releases", title: "Releases", key: "r" },
  { to: "/contracts", title: "Contracts", key: "c" },
  { to: "/settings", title: "Settings", key: "o" },
  { to: "/audit", title: "Audit", key: "h" },
];
