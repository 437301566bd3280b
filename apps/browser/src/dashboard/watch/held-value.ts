import { useEffect, useRef, useState } from "preact/hooks";

/** A value that changes often, shown for at least so many milliseconds each time, so that it can be read. */
export function useHeld<Value>(value: Value, milliseconds: number): Value {
  const [shown, setShown] = useState(value);
  const since = useRef(0);
  useEffect(() => {
    if (Object.is(value, shown)) return undefined;
    const show = () => {
      since.current = performance.now();
      setShown(() => value);
    };
    const wait = since.current + milliseconds - performance.now();
    if (wait <= 0) {
      show();
      return undefined;
    }
    const timer = setTimeout(show, wait);
    return () => clearTimeout(timer);
  }, [value, shown, milliseconds]);
  return shown;
}
