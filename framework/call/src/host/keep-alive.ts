/**
 * Keeps this process alive until what it answers is called. Timers of a clock do not, so that a start which waits for one of them, and for nothing else, would end
 * the process in silence, with Node's exit code 13.
 */
export function keepAlive(): () => void {
  const longestMs = 2 ** 31 - 1;
  const timer = setInterval(() => {}, longestMs);
  return () => clearInterval(timer);
}
