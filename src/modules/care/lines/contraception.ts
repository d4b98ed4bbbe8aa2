import type { Finding } from '../../../kit/problem.ts';
import type { Visit, VisitClient } from '../visit.ts';

const forMen = ['vasectomy', 'vas_reanastomosis'];

/** Points 4–8 of the eight must have been offered before anybody signs (C1-04). */
const beforeConsent = ['p4_our_ability', 'p5_rights', 'p6_methods', 'p7_needs', 'p8_where_to_get'] as const;

/** The rules of the contraception line. */
export function checkContraception(visit: Visit, client: VisitClient): Finding[] {
  const findings: Finding[] = [];
  if (!visit.client_is) findings.push({ field: 'client_is', rule: 'required' });
  if (visit.decision === 'accepted' && !visit.method_chosen) findings.push({ field: 'method_chosen', rule: 'required' });
  if (visit.method_received === false && !visit.not_received_reason) findings.push({ field: 'not_received_reason', rule: 'required' });
  if (visit.procedure && forMen.includes(visit.procedure) !== (client.sex === 'male')) findings.push({ field: 'procedure', rule: 'not_for_this_sex' });
  if (visit.procedure && !visit.operator_number) findings.push({ field: 'operator_number', rule: 'required' });
  if (visit.procedure && !consentIsComplete(visit)) findings.push({ field: 'consent_by', rule: 'R5_own_complete_consent' });
  if (visit.serious_accident && !visit.complication) findings.push({ field: 'complication', rule: 'accident_is_a_complication' });
  return findings;
}

/** The person's own consent [R5]: signed by her alone, on or before the day, after the points were offered, three methods and "none" explained. */
export function consentIsComplete(visit: Visit): boolean {
  return (
    visit.consent_by === 'client' &&
    visit.choice_by === 'client' &&
    visit.consent_signed_on !== undefined &&
    visit.consent_signed_on <= visit.visited_on &&
    visit.consent_version !== undefined &&
    visit.none_explained === true &&
    new Set(visit.methods_explained).size >= 3 &&
    beforeConsent.every((point) => visit.informed_points?.includes(point))
  );
}
