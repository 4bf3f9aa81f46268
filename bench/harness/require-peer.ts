import { createRequire } from "node:module";
import { peersFolder } from "./peers.ts";

/** Loads a package of `bench/peers`. */
export const requirePeer: NodeJS.Require = createRequire(`${peersFolder}package.json`);
