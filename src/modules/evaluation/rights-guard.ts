import type { Finding } from '../../kit/problem.ts';
import { sources } from './sources.ts';

/** Keys by which a definition would tie money or rank to what it counts. */
const rewards = ['bonus', 'pay', 'fine', 'award', 'reward', 'deduct', 'rank', 'quota', 'veto'];

type Loose = Record<string, unknown>;

/**
 * What in an indicator's definition the rights forbid, by the columns it counts and not by its title; asked before the schema, so that
 * a forbidden definition is named as such. Field: the column or key at fault; rule: R1 or R11.
 */
export function guard(definition: Loose): Finding[] {
  const code = String(definition['code'] ?? '');
  const said = (field: string, rule: string): Finding => ({ field, rule, values: { value: code } });
  const source = sources[String(definition['from'])];
  if (!source) return [said(String(definition['from'] ?? 'from'), 'R1_column_not_countable')];
  const isContext = definition['class'] === 'context';
  const columns = numeratorColumns(definition);
  const findings: Finding[] = [];
  for (const key of rewards) if (key in definition) findings.push(said(columns[0] ?? key, 'R1_no_reward_for_bodies'));
  for (const column of [...columns, ...denominatorColumns(definition)]) if (!source.columns[column]) findings.push(said(column, 'R1_column_not_countable'));
  if (isContext) {
    for (const key of ['target', 'weight']) if (key in definition) findings.push(said(key, 'R11_context_has_no_target'));
    if (Number(definition['window_months'] ?? 0) < 36) findings.push(said('window_months', 'R11_three_years_at_least'));
    if (Number(definition['show_from'] ?? 0) < 1000) findings.push(said('show_from', 'R11_thousand_at_least'));
    return findings;
  }
  for (const column of columns) {
    const nature = source.columns[column]?.nature;
    if (nature === 'choice' || nature === 'body') findings.push(said(column, 'R1_no_quota_on_bodies'));
  }
  if (definition['kind'] === 'proportion' && !definition['denominator']) findings.push(said(columns[0] ?? 'denominator', 'R1_no_absolute_numbers'));
  const target = definition['target'] as Loose | undefined;
  const bound = Number(target?.['at_least'] ?? target?.['at_most'] ?? 0);
  if (bound > 1) findings.push(said(columns[0] ?? 'target', 'R1_no_absolute_numbers'));
  for (const beside of (definition['beside'] as Loose[] | undefined) ?? []) {
    for (const key of ['target', 'weight', ...rewards]) if (key in beside) findings.push(said(key, 'R1_beside_is_not_scored'));
  }
  return findings;
}

function numeratorColumns(definition: Loose): string[] {
  const services = (definition['services'] as { condition?: Loose }[] | undefined) ?? [];
  const own = definition['kind'] === 'mix' ? [] : Object.keys((definition['numerator'] as Loose | undefined) ?? {});
  return [...own, ...services.flatMap((service) => Object.keys(service.condition ?? {}))];
}

function denominatorColumns(definition: Loose): string[] {
  const denominator = (definition['denominator'] as Loose | undefined) ?? {};
  const mix = definition['kind'] === 'mix' ? [String(definition['column'])] : [];
  return 'population' in denominator || 'estimate' in denominator ? mix : [...Object.keys(denominator), ...mix];
}
