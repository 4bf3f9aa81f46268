/**
 * Whether several programs of one user can listen on one port here, each with a share of its connections (`reusePort`): Linux deals them out evenly. Other systems
 * that know SO_REUSEPORT give all of them to one, or Node does not offer it there.
 */
export const sharesPorts = process.platform === "linux";
