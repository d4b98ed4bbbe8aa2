import { isDay } from '../../kit/day.ts';
import type { Ask } from '../../kit/form.ts';
import type { Finding } from '../../kit/problem.ts';

/** A cell as it was found: text, number, yes/no, a day, or a formula (never run). */
export type Cell = string | number | boolean | Date | { formula: string } | null;

/** Label → code of every option, in every language of the program. */
export type Labels = (field: string, label: string) => string | undefined;

/** A cell as the answer to a question, or what is wrong with it. Undefined: empty. */
export function readCell(field: string, ask: Ask, cell: Cell, labels: Labels): { value?: unknown; finding?: Finding } {
  if (cell === null) return {};
  if (typeof cell === 'object' && !(cell instanceof Date)) return { finding: { field, rule: 'formula_cell', values: { value: cell.formula.slice(0, 60) } } };
  const words = cell instanceof Date ? cell.toISOString().slice(0, 10) : String(cell).trim();
  if (words === '') return {};
  switch (ask.kind) {
    case 'number':
      return { value: /^-?\d+(\.0+)?$/.test(words.replaceAll(',', '')) ? Number(words.replaceAll(',', '')) : words };
    case 'day':
      return { value: asDay(words) };
    case 'yes_no':
      return { value: asYesNo(words) ?? words };
    case 'choice':
      return { value: labels(field, words) ?? words };
    case 'many':
      return {
        value: words
          .split(/[;；、，,|]/)
          .map((one) => one.trim())
          .filter(Boolean)
          .map((one) => labels(field, one) ?? one),
      };
    default:
      return { value: words };
  }
}

/** 2025-3-2, 2025/3/2, 2025.3.2, 2025年3月2日 and 20250302 as a day; anything else stays as it is and is refused by the form. */
function asDay(words: string): string {
  if (isDay(words)) return words;
  const parts = /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ]00:00.*)?$/.exec(words) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(words);
  if (!parts) return words;
  const day = `${parts[1]}-${(parts[2] as string).padStart(2, '0')}-${(parts[3] as string).padStart(2, '0')}`;
  return isDay(day) ? day : words;
}

function asYesNo(words: string): boolean | undefined {
  if (/^(是|有|对|√|y|yes|true|1)$/i.test(words)) return true;
  if (/^(否|无|没有|×|n|no|false|0)$/i.test(words)) return false;
  return undefined;
}
