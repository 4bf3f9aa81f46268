/** Labels by which containers and networks are found again: of all, the home; of copies of units, the instance; of what stands behind a sidecar, the instance that the sidecar is; of images of others, which, which deploy, and which copy; of backing services, which, and a digest of how it was made. */
export const labels = {
  home: "dev.kerf.home",
  instance: "dev.kerf.instance",
  beside: "dev.kerf.beside",
  foreign: "dev.kerf.image",
  revision: "dev.kerf.revision",
  copy: "dev.kerf.copy",
  backing: "dev.kerf.backing",
  spec: "dev.kerf.spec",
} as const;
