import type { Finding } from '../../../kit/problem.ts';
import type { Visit } from '../visit.ts';

/** Risk classes whose holder must be advised face to face. */
export const highRisks: readonly string[] = ['treat_first', 'specialist', 'not_now'];

/** The rules of the preconception line: a check that was done has a risk grade; folic acid is given to those who want it. */
export function checkPreconception(visit: Visit): Finding[] {
  const findings: Finding[] = [];
  const wasDone = visit.decision === 'accepted' && visit.served_on !== undefined;
  if (wasDone && !visit.items_done?.length) findings.push({ field: 'items_done', rule: 'required' });
  if (wasDone && !visit.risk) findings.push({ field: 'risk', rule: 'required' });
  if (visit.decision === 'declined' && (visit.items_done?.length || visit.risk)) findings.push({ field: 'items_done', rule: 'R2_declined_means_nothing_done' });
  if (visit.folic_wanted && !visit.folic_offered) findings.push({ field: 'folic_offered', rule: 'wanted_before_offered' });
  if (visit.folic_given_full && !visit.folic_wanted) findings.push({ field: 'folic_wanted', rule: 'given_unwanted' });
  return findings;
}
