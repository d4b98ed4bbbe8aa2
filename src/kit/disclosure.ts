/**
 * Statistical disclosure control [R6] for counts that leave the care team: small counts are suppressed, others suppressed with them
 * (complementary suppression) so that totals do not give the small ones away, and what remains is rounded with a secret threshold for
 * each cell, so that two releases of one table do not either. Suppression: national practice of hiding 1–4; random rounding to base 5
 * after Statistics Canada's and Stats NZ's rules, made steady by a key.
 */

export interface Cell {
  /** Names the cell for good: the same cell gets the same threshold in every release. */
  key: string;
  /** The cell whose count this one is part of. */
  parent?: string | undefined;
  count: number;
}

export interface Disclosed {
  key: string;
  /** Rounded to a multiple of five; null when suppressed. */
  count: number | null;
}

export const smallest = 5;
export const base = 5;

/** Which cells of one additive table are suppressed: 1–4 and those `also` hidden, and beside them enough others that no sum gives them back. */
export function suppressed(cells: readonly Cell[], also: ReadonlySet<string> = new Set()): Set<string> {
  const byParent = Map.groupBy(cells, (cell) => cell.parent);
  const hidden = new Set(cells.filter(({ key, count }) => (count > 0 && count < smallest) || also.has(key)).map((cell) => cell.key));
  for (let grew = true; grew; ) {
    grew = false;
    for (const [parent, siblings] of byParent) {
      if (parent === undefined) continue;
      const mine = siblings.filter((cell) => hidden.has(cell.key));
      const isParentHidden = hidden.has(parent);
      // One hidden beside a total that is told is found by subtraction; so are several that sum to too little to be uncertain.
      const isWeak = mine.length > 0 && !isParentHidden && (mine.length === 1 || sum(mine) < 2 * smallest);
      if (!isWeak) continue;
      const next = siblings.filter((cell) => !hidden.has(cell.key) && cell.count > 0).sort((a, b) => a.count - b.count || (a.key < b.key ? -1 : 1))[0];
      const more = next?.key ?? parent;
      if (hidden.has(more)) continue;
      hidden.add(more);
      grew = true;
    }
  }
  return hidden;
}

/**
 * A count as it may be told: 0 stays 0, the rest goes to the multiple of five below or above, by a threshold in 0–4 that only who holds
 * the key knows and that is the cell's for good: a count that grows by one between two releases shows a step only now and then.
 */
export function rounded(count: number, threshold: number): number {
  return count === 0 ? 0 : Math.max(base, Math.floor((count + threshold) / base) * base);
}

/** The cells as they may be told; `threshold` gives each key its secret 0–4. */
export function disclose(cells: readonly Cell[], threshold: (key: string) => number): Map<string, Disclosed> {
  const hidden = suppressed(cells);
  return new Map(cells.map(({ key, count }) => [key, { key, count: hidden.has(key) ? null : rounded(count, threshold(key)) }]));
}

const sum = (cells: readonly Cell[]) => cells.reduce((total, cell) => total + cell.count, 0);
