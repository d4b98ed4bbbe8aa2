import type { Finding } from '../../../kit/problem.ts';
import type { Visit, VisitClient } from '../visit.ts';

/** The rules of the screening line: what was offered is said; a result belongs to a screening that was done. */
export function checkScreening(visit: Visit, client: VisitClient): Finding[] {
  const findings: Finding[] = [];
  if (client.sex !== 'female') findings.push({ field: 'service', rule: 'not_for_this_sex' });
  if (!visit.common_disease_offered && !visit.cervical_offered) findings.push({ field: 'common_disease_offered', rule: 'nothing_offered' });
  if (visit.decision !== 'accepted' && visit.result) findings.push({ field: 'result', rule: 'R2_declined_means_nothing_done' });
  if (visit.result === 'abnormal' && !visit.finding_kinds?.length) findings.push({ field: 'finding_kinds', rule: 'required' });
  if (visit.cervical_method && !visit.cervical_offered) findings.push({ field: 'cervical_offered', rule: 'nothing_offered' });
  return findings;
}
