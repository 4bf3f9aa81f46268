/** Labels by which containers and networks are found again: of all, the home; of copies of units, the instance; of images of others, which, which deploy, and which copy. */
export const labels = {
  home: "dev.kerf.home",
  instance: "dev.kerf.instance",
  foreign: "dev.kerf.image",
  revision: "dev.kerf.revision",
  copy: "dev.kerf.copy",
} as const;
