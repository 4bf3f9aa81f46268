/** Connections that all copies of a service share; the embedded server has 400 for everybody. */
const ofAllCopies = 100;
/** Connections that the role of a service may hold at least: old and new copies are there at once while a change is made. */
const ofRole = 2 * ofAllCopies;

/** How many connections one of so many copies may hold: as many as its service declares, or its share of what all may, and one at least. */
export function connectionsOfCopy(declared: number, copies: number): number {
  return Math.max(1, Math.min(declared, Math.floor(ofAllCopies / Math.max(1, copies))));
}

/** How many connections the role of a service may hold; it bounds what a copy cannot be trusted with. */
export function connectionsOfRole(declared: number): number {
  return Math.max(ofRole, 4 * declared);
}
