import type { Finding } from '../../kit/problem.ts';
import type { Item, Outcome } from '../../platform/room.ts';
import { sayer, sentence } from '../../platform/words.ts';
import type { Linked, Linker } from './server-link.ts';
import type { Row } from './server-rows.ts';

export interface Refusal {
  sheet: string;
  row: number;
  column: string;
  value: string;
  rule: string;
  says: { zh: string; en: string };
}

/** What an import would do, or did. */
export interface Report {
  rows: number;
  sheets: { name: string; added: number; changed: number; repeated: number; refused: number }[];
  /** Columns that are never taken in, by name, with how many values were dropped. */
  dropped: { sheet: string; column: string; reason: { zh: string; en: string }; values: number }[];
  /** Columns nobody knows: named, not read. */
  unknown: { sheet: string; column: string }[];
  refusals: Refusal[];
}

const mostRefusals = 5000;

/** Notes what became of each row. */
export function note(linked: readonly Linked[], sent: readonly Linked[], outcomes: readonly Outcome[], linker: Linker, report: Report): void {
  const byItem = new Map(sent.map((one, index) => [one, outcomes[index] as Outcome]));
  for (const one of linked) {
    const tally = tallyOf(report, one.row.sheet.name);
    const outcome = byItem.get(one);
    const findings = outcome?.problem?.findings ?? one.findings;
    if (outcome?.status === 'done') {
      if (one.isChange) tally.changed += 1;
      else tally.added += 1;
      linker.learn(one.row, one.item as Item);
    } else if (outcome?.status === 'repeated' || (!outcome && findings.length === 0)) tally.repeated += 1;
    else {
      tally.refused += 1;
      for (const finding of findings) if (report.refusals.length < mostRefusals) report.refusals.push(refusalOf(one.row, finding));
    }
  }
}

function tallyOf(report: Report, name: string) {
  let tally = report.sheets.find((sheet) => sheet.name === name);
  if (!tally) {
    tally = { name, added: 0, changed: 0, repeated: 0, refused: 0 };
    report.sheets.push(tally);
  }
  return tally;
}

const say = { zh: sayer('zh'), en: sayer('en') };

function refusalOf({ sheet, row, raw }: Row, finding: Finding): Refusal {
  const shown =
    { client_id: 'client_number', facility_id: 'facility_number', health_worker_id: 'worker_number', follow_up_id: 'visit_number', visit_id: 'visit_number' }[
      finding.field
    ] ?? finding.field;
  const cell = raw(shown);
  const value = cell instanceof Date ? cell.toISOString().slice(0, 10) : typeof cell === 'object' && cell ? `=${cell.formula}` : String(cell ?? '');
  return {
    sheet: sheet.name,
    row,
    column: shown,
    value: value.slice(0, 80),
    rule: finding.rule,
    says: { zh: sentence(say.zh, finding), en: sentence(say.en, finding) },
  };
}
