/** Warms `call` up, then measures awaited calls one after the other; prints nanoseconds a call as JSON. */
export async function measureSerial(
  call: (round: number) => Promise<{ total: number }>,
  seconds: number,
): Promise<void> {
  const batch = 20_000;
  let checksum = 0;
  for (let i = 0; i < batch * 5; i++) checksum += (await call(i)).total;
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const since = performance.now();
    for (let i = 0; i < batch; i++) checksum += (await call(i)).total;
    times.push(((performance.now() - since) * 1e6) / batch);
  }
  // The fastest tenth: on a shared machine everything else is somebody else's work.
  times.sort((a, b) => a - b);
  const best = times.slice(0, Math.max(1, Math.floor(times.length / 10)));
  console.log(
    JSON.stringify({
      ns: best.reduce((sum, each) => sum + each, 0) / best.length,
      checksum: checksum > 0,
    }),
  );
}

/** What every side is sent. */
export function basketOf(round: number): { id: string; quantity: number; gift: boolean } {
  return { id: "saw-dovetail", quantity: (round % 9) + 1, gift: false };
}
