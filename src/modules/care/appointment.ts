import { command } from '../../kit/command.ts';
import type { Day } from '../../kit/day.ts';
import { choice, day, form, id, number, place, text, yesNo } from '../../kit/form.ts';
import type { Finding } from '../../kit/problem.ts';
import { services } from './visit.ts';

const time = (example: string) => text({ required: true, max: 5, pattern: /^([01]\d|2[0-3]):[0-5]\d$/, rule: 'not_a_time', example });
const aboutAppointments = { purpose: 'care', basis: 'pipl_29_consent', years: 3 } as const;

/** A session of a station: a day and hours, cut into slots with so many places each. */
export const sessionForm = form('session', {
  session_id: id({ required: true, hidden: true }),
  facility_id: id({ required: true, hidden: true }),
  place_code: place({ required: true, hidden: true }),
  held_on: day({ required: true, example: '2026-12-01' }),
  opens_at: time('08:30'),
  closes_at: time('11:30'),
  slot_minutes: number({ required: true, min: 5, max: 240, example: '30' }),
  places_per_slot: number({ required: true, min: 1, max: 200, example: '4' }),
});

export const openSession = command({
  name: 'care.open_session',
  form: sessionForm,
  place: (session) => session.place_code,
  happened_on: (session) => session.held_on,
});

/** A session that will not be held: what was booked is cancelled, and those who wish it are told. */
export const closeSession = command({
  name: 'care.close_session',
  form: form('session_closing', { session_id: id({ required: true }), place_code: place({ required: true, hidden: true }) }),
  place: (session) => session.place_code,
  happened_on: () => undefined,
});

/** A client books a slot, herself or through whoever serves her; who walks in on the day needs none. */
export const book = command({
  name: 'care.book',
  form: form(
    'appointment',
    {
      appointment_id: id({ required: true, hidden: true }),
      client_id: id({ required: true, hidden: true }),
      session_id: id({ required: true, hidden: true }),
      slot_at: time('09:00'),
      service: choice({ required: true, options: services }),
      walks_in: yesNo({}),
    },
    aboutAppointments,
  ),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (appointment) => appointment.client_id,
});

/** Another slot for the same appointment; nobody asks why. */
export const rebook = command({
  name: 'care.rebook',
  form: form(
    'rebooking',
    {
      appointment_id: id({ required: true, hidden: true }),
      client_id: id({ required: true, hidden: true }),
      session_id: id({ required: true, hidden: true }),
      slot_at: time('09:30'),
    },
    aboutAppointments,
  ),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (appointment) => appointment.client_id,
});

const oneAppointment = { appointment_id: id({ required: true, hidden: true }), client_id: id({ required: true, hidden: true }) };

export const cancelAppointment = command({
  name: 'care.cancel_appointment',
  form: form('appointment_cancelling', oneAppointment, aboutAppointments),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (appointment) => appointment.client_id,
});

/** She is there and gets the day's next number. */
export const checkIn = command({
  name: 'care.check_in',
  form: form('check_in', { ...oneAppointment, came_on: day({ required: true }) }, aboutAppointments),
  place: () => undefined,
  happened_on: (arrival) => arrival.came_on,
  subject: (appointment) => appointment.client_id,
});

/** It was her turn. */
export const completeAppointment = command({
  name: 'care.complete_appointment',
  form: form('appointment_completion', oneAppointment, aboutAppointments),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (appointment) => appointment.client_id,
});

interface Hours {
  opens_at: string;
  closes_at: string;
  slot_minutes: number;
}

const minutesOf = (at: string): number => Number(at.slice(0, 2)) * 60 + Number(at.slice(3));
const timeOf = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** The slots of a session: when each begins, none that would run past its end. */
export function slotsOf({ opens_at, closes_at, slot_minutes }: Hours): string[] {
  const slots: string[] = [];
  for (let at = minutesOf(opens_at); at + slot_minutes <= minutesOf(closes_at); at += slot_minutes) slots.push(timeOf(at));
  return slots;
}

/** Asked by the page as hints and by the server as law. */
export function checkSession(session: Hours & { held_on: Day }, today: Day): Finding[] {
  const findings: Finding[] = [];
  if (session.held_on < today) findings.push({ field: 'held_on', rule: 'in_the_past' });
  if (session.closes_at <= session.opens_at) findings.push({ field: 'closes_at', rule: 'closes_before_it_opens' });
  else if (slotsOf(session).length === 0) findings.push({ field: 'slot_minutes', rule: 'no_slot_fits' });
  return findings;
}
