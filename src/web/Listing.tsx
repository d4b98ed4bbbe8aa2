import { useNavigate } from '@tanstack/react-router';
import { type MouseEvent, type ReactNode, startTransition, useEffect, useState } from 'react';

interface Props<R> {
  /** What the table lists, for whoever hears the page. */
  label: string;
  heads: readonly string[];
  rows: readonly R[];
  keyOf: (row: R) => string;
  /** A row's cells, one for each head. */
  cells: (row: R) => readonly ReactNode[];
  minWidth: number;
  /** Rows that do not hold any more. */
  isStruck?: (row: R) => boolean;
}

/** How many rows are drawn at once. */
const firstRows = 8;

/** A long list as a plain table: fifty rows stand at once on a cheap phone, where a table of components takes half a second. */
export function Listing<R>({ label, heads, rows, keyOf, cells, minWidth, isStruck }: Props<R>) {
  const navigate = useNavigate();
  // The first rows stand at once, the rest when there is time: whoever types does not wait for what is below the screen.
  const [whole, setWhole] = useState<readonly R[]>();
  useEffect(() => {
    if (rows.length > firstRows) startTransition(() => setWhole(rows));
  }, [rows]);
  const shown = whole === rows ? rows : rows.slice(0, firstRows);
  // One ear for all links of the table: those to our own pages open without loading the site anew.
  const follow = (event: MouseEvent) => {
    const link = (event.target as HTMLElement).closest('a');
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void navigate({ to: link.getAttribute('href') ?? '/' });
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard
    <section className="listing" aria-label={label} tabIndex={0}>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the links inside are what is pressed; Enter on a link is a click */}
      <table className="numbers" style={{ minWidth }} onClick={follow}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={keyOf(row)} className={isStruck?.(row) ? 'struck' : undefined}>
              {cells(row).map((cell, index) => (
                <td key={heads[index]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
