import { type ReactNode, useEffect, useState } from 'react';

/** What stands further down a page: drawn after what is looked at first has been shown. */
export function Later({ children }: { children: ReactNode }) {
  const [isTime, setTime] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setTime(true), 50);
    return () => clearTimeout(timer);
  }, []);
  return isTime ? children : null;
}
