import type { Rewrite } from "@kerf/service";
import { literalsOf } from "./route-prefixes.ts";

/** Puts another prefix in the place of a route's own, and back. */
export class PathRewrite {
  readonly #own: string;
  readonly #count: number;
  readonly #other: string | undefined;

  /** @param path of the route: `/shop/*` */
  constructor(path: string, rewrite: Rewrite | undefined) {
    this.#own = path.replace(/\/\*$/, "");
    this.#count = literalsOf(path).length;
    this.#other = rewrite?.prefix?.replace(/\/$/, "");
  }

  /** The target for the upstream. What is kept of the path stays as the client encoded it. */
  forth(path: string, query: string): string {
    const search = query === "" ? "" : `?${query}`;
    if (this.#other === undefined) return path + search;
    const rest = path.split("/").slice(this.#count + 1);
    const tail = rest.length === 0 ? "" : `/${rest.join("/")}`;
    return (`${this.#other}${tail}` || "/") + search;
  }

  /** A `Location` of the upstream at `from`, for the client: one that names the upstream itself means this gateway. */
  back(location: string, from: URL): string {
    const url =
      location.startsWith("/") && !location.startsWith("//") ? undefined : URL.parse(location);
    if (url !== undefined && url?.origin !== from.origin) return location;
    const local = url === undefined ? location : `${url.pathname}${url.search}${url.hash}`;
    const other = this.#other;
    if (other === undefined) return local;
    const isBelow = local === other || /^[/?#]/.test(local.slice(other.length));
    return local.startsWith(other) && isBelow
      ? this.#own + local.slice(other.length) || "/"
      : local;
  }
}
