import { type Search, startSearch } from "@kerf/call";
import type { UpstreamDiscovery } from "@kerf/service";
import type { TrafficParts } from "./upstream.ts";

/** One instance that was found. */
export interface FoundAddress {
  readonly url: string;
  /** Its share, where that is said. */
  readonly weight: number | undefined;
}

/** By what name each search knows what it looks for: it looks for one thing. */
const sought = "upstream";

/** Where upstreams are that are looked for, over all configurations: what goes on being looked for is not forgotten meanwhile. */
export class FoundAddresses {
  readonly #parts: TrafficParts;
  readonly #onChange: () => void;
  #searches: ReadonlyMap<string, Search> = new Map();

  /** @param onChange called after every change of what was found */
  constructor(parts: TrafficParts, onChange: () => void) {
    this.#parts = parts;
    this.#onChange = onChange;
  }

  /** What was found last; nothing for what is not looked for. */
  of(settings: UpstreamDiscovery): readonly FoundAddress[] {
    const search = this.#searches.get(keyOf(settings));
    return (search?.found() ?? []).map(({ address, weight }) => ({
      url: `${settings.scheme ?? "http"}://${address.slice("tcp:".length)}`,
      weight,
    }));
  }

  /** Somebody wants to go there now. */
  wanted(settings: UpstreamDiscovery): void {
    this.#searches.get(keyOf(settings))?.found();
  }

  /** From now on these are looked for. */
  use(all: readonly UpstreamDiscovery[]): void {
    const searches = new Map<string, Search>();
    const begun: Search[] = [];
    for (const settings of all) {
      const key = keyOf(settings);
      const known = this.#searches.get(key) ?? searches.get(key);
      const search = known ?? startSearch(sought, settings, this.#parts);
      if (known === undefined) begun.push(search);
      searches.set(key, search);
    }
    for (const [key, search] of this.#searches) if (!searches.has(key)) search.stop();
    this.#searches = searches;
    for (const search of begun) search.onChange(this.#onChange);
  }
}

function keyOf(settings: UpstreamDiscovery): string {
  return JSON.stringify(settings);
}
