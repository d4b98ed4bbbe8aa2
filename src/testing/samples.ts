import { today } from '../kit/day.ts';
import { newId } from '../kit/id.ts';
import { aClient, aVisit } from './house.ts';

/** Whom and what the samples are about: rows that are there. */
export interface Around {
  place_code: string;
  client_id: string;
  other_client_id: string;
  visit_id: string;
  follow_up_id: string;
  account_id: string;
  duty_id: string;
  request_id: string;
  glass_id: string;
  complaint_id: string;
  conflict_id: string;
  facility_id: string;
  session_id: string;
  appointment_id: string;
}

/** A lawful input for every command, at a place: used to try every command as every duty, inside and outside the place it is held for. */
export function sampleInputs(around: Around): Record<string, Record<string, unknown>> {
  const { place_code, client_id, other_client_id, visit_id, account_id, complaint_id } = around;
  const pair = { kept_id: client_id, other_id: other_client_id };
  const day = '2025-04-01';
  return {
    'access.open_account': {
      account_id: newId(),
      place_code,
      login: `l${newId().slice(-10)}`,
      display_name: '甲',
      role: 'planner',
      password: 'a long password',
    },
    'access.grant_duty': { duty_id: newId(), account_id, role: 'planner', place_code },
    'access.end_duty': { duty_id: around.duty_id, until_on: '2099-01-01' },
    'access.close_account': { account_id, closed_on: '2099-01-01' },
    'access.change_password': { account_id, password: 'another long password' },
    'access.set_totp': { account_id },
    'access.add_passkey': { passkey_id: newId(), holder_id: account_id, holder_kind: 'account', public_key: 'AAAA', passkey_name: '钥匙' },
    'access.remove_passkey': { passkey_id: newId(), holder_id: account_id },
    'registry.open_place': { place_code: `${place_code}9`, parent_code: place_code, level: 'village', name_zh: '新村', valid_from: '2020-01-01' },
    'registry.close_place': { place_code, valid_until: '2099-01-01' },
    'registry.count_population': { place_code, year: 2025, sex: 'female', age_from: 20, age_to: 24, residence: 'resident', people: 10, source: '试' },
    'registry.estimate': { place_code, year: 2025, name: 'couples_planning', people: 5, method: '试', source: '试' },
    'registry.count_births': { place_code, month_on: '2025-01-01', sex: 'female', births: 1, source: '试' },
    'registry.open_facility': {
      facility_id: newId(),
      facility_number: `F-${newId().slice(-8)}`,
      place_code,
      kind: 'village_room',
      name_zh: '室',
      valid_from: '2020-01-01',
    },
    'registry.enrol_worker': {
      health_worker_id: newId(),
      worker_number: `W-${newId().slice(-8)}`,
      facility_number: 'F-1',
      place_code,
      name: '乙',
      post: 'clinician',
      valid_from: '2020-01-01',
    },
    'registry.register': aClient({ place_code }),
    'registry.amend': { client_id, version: 1, place_code, residence: 'migrant' },
    'registry.decide': { conflict_id: around.conflict_id, client_id, keep: 'other' },
    'registry.merge': pair,
    'registry.unmerge': pair,
    'registry.keep_apart': pair,
    'rights.give_consent': {
      consent_id: newId(),
      client_id,
      purpose: 'portal',
      text_version: '2026-1',
      language: 'zh',
      given_on: day,
      given_by: 'client',
      given_alone: true,
      how: 'verbal',
      witness: '她选的人',
    },
    'rights.withdraw_consent': { client_id, purpose: 'follow_up', withdrawn_on: day },
    'rights.request': { request_id: newId(), client_id, request_kind: 'explain' },
    'rights.decide_request': { request_id: around.request_id, client_id, ruling: 'refused', reason: '试' },
    'rights.break_glass': { glass_id: newId(), client_id, reason: '大出血' },
    'rights.review_break_glass': { glass_id: around.glass_id, verdict: 'justified', review: '试' },
    'rights.hand_over': { client_id, handed_on: day },
    'rights.complain': { complaint_id: newId(), tracking_hash: newId(), complaint_kind: 'attitude', place_code, words: '话', is_anonymous: true },
    'rights.add_evidence': { complaint_id, evidence_id: newId(), file_name: 'a.png', media_type: 'image/png', bytes: 10, sha256: 'x' },
    'rights.acknowledge': { complaint_id },
    'rights.extend': { complaint_id, reason: '要再查' },
    'rights.decide': { complaint_id, complaint_outcome: 'substantiated', answer: '对不起', remedy: '退费', blinded_summary: '有一起' },
    'rights.ask_review': { complaint_id, tracking_hash: 'hash' },
    'rights.decide_review': { complaint_id, complaint_outcome: 'substantiated', answer: '维持' },
    'supplies.receive': { place_code, facility_number: 'F-1', product_code: 'condom', kind: 'receive', moved_on: day, quantity: 10 },
    'care.open_session': {
      ...{ session_id: newId(), facility_id: around.facility_id, place_code, held_on: today() },
      ...{ opens_at: '08:00', closes_at: '11:00', slot_minutes: 30, places_per_slot: 2 },
    },
    'care.close_session': { session_id: around.session_id, place_code },
    'care.book': { appointment_id: newId(), client_id: other_client_id, session_id: around.session_id, slot_at: '08:30', service: 'contraception' },
    'care.rebook': { appointment_id: around.appointment_id, client_id, session_id: around.session_id, slot_at: '09:00' },
    'care.cancel_appointment': { appointment_id: around.appointment_id, client_id },
    'care.check_in': { appointment_id: around.appointment_id, client_id, came_on: today() },
    'care.complete_appointment': { appointment_id: around.appointment_id, client_id },
    'care.choose_contact': { client_id, channel: 'email', email: 'a@example.org', from_hour: 8, to_hour: 20, language: 'zh' },
    'care.record': { ...aVisit(client_id, { place_code }) },
    'care.amend': { ...aVisit(client_id, { place_code, visit_id }), version: 1 },
    'care.void': { visit_id, version: 1, reason: '试' },
    'care.follow_up': { follow_up_id: around.follow_up_id, done_on: day, outcome: 'well' },
  };
}
