/** Labels by which containers and networks are found again. */
export const labels = { home: "dev.kerf.home", instance: "dev.kerf.instance" } as const;
