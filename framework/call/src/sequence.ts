/**
 * The steps as one closure. The common numbers are spelt out: every call runs through here, and a loop over functions is
 * something that the engine cannot see through.
 */
export function sequence<Call>(steps: readonly ((call: Call) => void)[]): (call: Call) => void {
  const [first, second, third, fourth, ...rest] = steps;
  if (first === undefined) return () => {};
  if (second === undefined) return first;
  if (third === undefined) {
    return (call) => {
      first(call);
      second(call);
    };
  }
  if (fourth === undefined) {
    return (call) => {
      first(call);
      second(call);
      third(call);
    };
  }
  if (rest.length > 0) {
    const start = sequence([first, second, third, fourth]);
    const end = sequence(rest);
    return (call) => {
      start(call);
      end(call);
    };
  }
  return (call) => {
    first(call);
    second(call);
    third(call);
    fourth(call);
  };
}
