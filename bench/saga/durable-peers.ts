import { createRequire } from "node:module";
import { peersFolder } from "../harness/peers.ts";

/** Folder of the engines that are servers of their own. */
export const durablePeers: string = `${peersFolder}durable/`;

/** Loads a package of theirs. */
export const requireDurable: NodeJS.Require = createRequire(`${durablePeers}package.json`);
