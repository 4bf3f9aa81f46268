import { type ReactNode, useEffect, useRef, useState } from "react";

/** A pause in typing after which it counts, milliseconds. */
const pauseMs = 200;

/** A search box; `/` goes to it. What is in it counts after a pause, or at once with Enter. */
export function Search({
  label,
  onChange,
  value,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
}): ReactNode {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const say = (next: string): void => {
    clearTimeout(timer.current);
    onChange(next);
  };
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        say(text);
      }}
    >
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={({ target }) => {
          setText(target.value);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => say(target.value), pauseMs);
        }}
      />
    </form>
  );
}
