import { KerfError } from "@kerf/kernel";
import type { AnyBoot } from "../placement.ts";
import { HostLink, type HostLinkOptions } from "./host-link.ts";

/** What a program has of the platform, if there is one. */
export type Link = Pick<
  HostLink,
  "start" | "report" | "problem" | "certify" | "lease" | "wake" | "stop"
>;

/** What a link is made from. */
export type LinkOptions = Omit<HostLinkOptions, "boot"> & { readonly boot: AnyBoot };

/** The link of a program to its platform, or what takes its place where no platform runs it. */
export function openLink(options: LinkOptions): Link {
  const { boot } = options;
  return boot.platform === undefined ? noPlatform : new HostLink({ ...options, boot });
}

/** Nobody to tell anything, and nobody who gives anything. */
export const noPlatform: Link = {
  start() {},
  report() {},
  problem: () => Promise.resolve(),
  certify: () => Promise.reject(nobody("signs certificates")),
  // Each instance of a gateway keeps its share of a limit by itself.
  lease: () => Promise.reject(nobody("keeps limits that gateways share")),
  wake: () => Promise.reject(nobody("starts services that sleep")),
  stop: () => Promise.resolve(),
};

function nobody(does: string): KerfError {
  return new KerfError("unavailable", {
    message: `No platform runs this program: nobody ${does}.`,
    fix: "Name in its boot document what it needs; see docs/guides/leaving.md.",
  });
}
