import { sql } from 'kysely';
import { addDays, today } from '../../kit/day.ts';
import { asUuid } from '../../kit/id.ts';
import type { Scope, Tx } from '../../platform/database.ts';
import { subjectKeyOf } from '../../platform/journal.ts';
import { type Messenger, Undelivered } from '../../platform/messenger.ts';
import type { House } from '../../platform/room.ts';
import { digest, unseal } from '../../platform/seal.ts';
import { type MessageKind, wordsOf } from './message.ts';
import { schedulesOf } from './server-schedules.ts';

/** How often a message is tried before it is given up, and the minutes after which it is tried again the first time; then twice as long. */
const tries = 6;
const firstWait = 2;
/** A message that began to go and was never heard of again was cut off with its process, after this many minutes. */
const lostAfter = 10;

interface Waiting {
  id: string;
  client_id: string;
  kind: MessageKind;
  about_id: string;
  about_slot: string;
  attempts: number;
}

/** Who may be written to about what, read at the moment of sending: consent, choice, and what the message is about may have changed since. */
interface Recipient {
  purposes: string[];
  restricted: boolean;
  phone_sealed: string | null;
  email_sealed: string | null;
  channel: string;
  from_hour: number;
  to_hour: number;
  language: 'zh' | 'en';
  held_on: string;
  slot_at: string;
  status: string;
  station_zh: string;
  station_en: string | null;
}

const scopeOf = (county: string): Scope => ({ county_code: county, place_code: county, people: true });

/** Queues what is to be said to those who agreed to reminders and chose a channel; asked again, nothing is queued twice. Gives how many are new. */
export function planMessages(house: House, county: string, now = new Date()): Promise<number> {
  const day = today('Asia/Shanghai', now);
  const agreed = sql`c.purposes @> '{reminders}' and not c.restricted and k.channel <> 'none'`;
  const kinds = Object.entries(schedulesOf(house.packs).kinds).flatMap(([kind, { consent }]) => (consent === 'reminders' ? [kind] : []));
  return house.database.write(scopeOf(county), async (tx) => {
    const appointments = await sql<{ id: string; client_id: string; place_code: string; slot: string; status: string }>`
      select a.id, a.client_id, c.place_code, a.held_on::text || ' ' || a.slot_at as slot, a.status from care.appointment a
        join registry.client c on c.county_code = ${county} and c.id = a.client_id
        join care.contact_choice k on k.county_code = ${county} and k.client_id = a.client_id
        join care.session s on s.county_code = ${county} and s.id = a.session_id
       where a.county_code = ${county} and a.held_on between ${day}::date and ${addDays(day, 1)}::date and ${agreed}
         and (a.status = 'booked' or (a.status = 'cancelled' and s.status = 'closed'))`.execute(tx.db);
    const due = await sql<{ id: string; client_id: string; place_code: string; slot: string }>`
      select f.id, f.client_id, c.place_code, f.due_on::text as slot from care.follow_up f
        join registry.client c on c.county_code = ${county} and c.id = f.client_id
        join care.contact_choice k on k.county_code = ${county} and k.client_id = f.client_id
       where f.county_code = ${county} and f.kind = any(${kinds}) and f.status = 'requested' and f.consented and not f.voided and f.opens_on <= ${day}::date
         and f.closes_on >= ${day}::date and ${agreed}`.execute(tx.db);
    const rows = [
      ...appointments.rows.map(({ status, ...row }) => ({ ...row, kind: status === 'booked' ? 'appointment' : 'cancelled' })),
      ...due.rows.map((row) => ({ ...row, kind: 'reminder' })),
    ].map(({ id, slot, ...row }) => ({
      county_code: county,
      ...row,
      id: asUuid(digest('message', row.kind, id, slot)),
      about_id: id,
      about_slot: slot,
      status: 'queued',
      next_at: now.toISOString(),
    }));
    return queue(tx, county, rows);
  });
}

async function queue(tx: Tx, county: string, rows: readonly { id: string; county_code: string }[]): Promise<number> {
  const { rows: known } = await sql<{ id: string }>`
    select id from care.message where county_code = ${county} and id = any(${rows.map((row) => row.id)}::uuid[])`.execute(tx.db);
  const there = new Set(known.map((row) => row.id));
  const fresh = rows.filter((row) => !there.has(row.id));
  await tx.insertRows('care.message', fresh as never, 'on conflict (county_code, id) do nothing');
  return fresh.length;
}

/** Sends what waits and may go now; gives how many went. What cannot go is tried again later, then given up. */
export async function sendMessages(house: House, ways: ReadonlyMap<string, Messenger>, county: string, now = new Date()): Promise<number> {
  const waiting = await claim(house, county, now);
  let sent = 0;
  for (const message of waiting) {
    const outcome = await sendOne(house, ways, county, message, now);
    if (outcome.status === 'sent') sent += 1;
    await house.database.write(scopeOf(county), async ({ db }) => {
      await sql`update care.message set status = ${outcome.status}, channel = coalesce(${outcome.channel ?? null}, channel), trouble = ${outcome.trouble ?? null},
         next_at = ${outcome.nextAt ?? now.toISOString()}::timestamptz, last_at = ${now.toISOString()}::timestamptz, attempts = attempts + ${outcome.tried ? 1 : 0}
         where county_code = ${county} and id = ${message.id} and status = 'sending'`.execute(db);
    });
  }
  return sent;
}

/** Takes a hundred that wait; nobody else sends the same ones. */
function claim(house: House, county: string, now: Date): Promise<Waiting[]> {
  return house.database.write(scopeOf(county), async ({ db }) => {
    const at = now.toISOString();
    await sql`update care.message set status = 'queued' where county_code = ${county} and status = 'sending' and last_at < ${at}::timestamptz - make_interval(mins => ${lostAfter})`.execute(
      db,
    );
    const { rows } = await sql<Waiting>`
      update care.message set status = 'sending', last_at = ${at}::timestamptz where county_code = ${county} and id = any(
        select id from care.message where county_code = ${county} and status = 'queued' and next_at <= ${at}::timestamptz order by next_at limit 100 for update skip locked)
      returning id, client_id, kind, about_id, about_slot, attempts`.execute(db);
    return rows;
  });
}

interface Sent {
  status: 'sent' | 'queued' | 'stopped' | 'failed';
  channel?: string;
  trouble?: string;
  nextAt?: string;
  tried?: boolean;
}

async function sendOne(house: House, ways: ReadonlyMap<string, Messenger>, county: string, message: Waiting, now: Date): Promise<Sent> {
  const { who, to } = await readRecipient(house, county, message);
  if (!who || who.restricted || !who.purposes.includes('reminders') || who.channel === 'none' || !isStillSo(message, who)) return { status: 'stopped' };
  const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', hour: '2-digit', hourCycle: 'h23' }).format(now));
  const { channel } = who;
  if (hour < who.from_hour || hour >= who.to_hour) return { status: 'queued', channel, nextAt: inMinutes(now, 15) };
  const way = ways.get(channel);
  if (!way || !to) return { status: 'failed', channel, trouble: way ? 'no_address' : 'no_such_channel' };
  const station = { zh: who.station_zh, en: who.station_en ?? who.station_zh };
  const text = wordsOf(message.kind, who.language, { held_on: who.held_on, slot_at: who.slot_at, station });
  try {
    await way.send(to, { subject: who.language === 'zh' ? '提醒' : 'Reminder', text });
    return { status: 'sent', channel, tried: true };
  } catch (error) {
    const { isFinal, message: trouble } = error instanceof Undelivered ? error : new Undelivered('our_mistake', false);
    if (isFinal || message.attempts + 1 >= tries) return { status: 'failed', channel, trouble, tried: true };
    return { status: 'queued', channel, trouble, tried: true, nextAt: inMinutes(now, firstWait * 2 ** message.attempts) };
  }
}

const inMinutes = (now: Date, minutes: number): string => new Date(now.getTime() + minutes * 60_000).toISOString();

/** An appointment that was moved or cancelled meanwhile, or something no longer due, is not spoken of. */
const isStillSo = ({ kind, about_slot }: Waiting, { status, held_on, slot_at }: Recipient): boolean => {
  if (kind === 'reminder') return status === 'requested';
  return `${held_on} ${slot_at}` === about_slot && status === (kind === 'appointment' ? 'booked' : 'cancelled');
};

function readRecipient(house: House, county: string, { client_id, kind, about_id }: Waiting): Promise<{ who: Recipient | undefined; to: string | undefined }> {
  return house.database.read({ ...scopeOf(county), restricted: true }, async (db) => {
    const what =
      kind === 'reminder'
        ? sql`(select due_on::text as held_on, '' as slot_at, case when consented and not voided then status else 'cancelled' end as status,
                 (select facility_id from care.visit v where v.county_code = ${county} and v.id = f.visit_id) as facility_id
                 from care.follow_up f where f.county_code = ${county} and f.id = ${about_id})`
        : sql`(select held_on::text as held_on, slot_at, status, facility_id from care.appointment where county_code = ${county} and id = ${about_id})`;
    const { rows } = await sql<Recipient>`
      select c.purposes, c.restricted, c.phone_sealed, k.email_sealed, k.channel, k.from_hour, k.to_hour, k.language, w.held_on, w.slot_at, w.status,
             f.name_zh as station_zh, f.name_en as station_en
        from registry.client c
        join care.contact_choice k on k.county_code = ${county} and k.client_id = c.id
        cross join ${what} w
        join registry.facility f on f.county_code = ${county} and f.id = w.facility_id
       where c.county_code = ${county} and c.id = ${client_id}`.execute(db);
    const [who] = rows;
    const key = who && (await subjectKeyOf(db, house.keys, county, client_id));
    const sealed = who?.channel === 'sms' ? who.phone_sealed : who?.email_sealed;
    const field = who?.channel === 'sms' ? 'phone' : 'email';
    return { who, to: key && sealed ? unseal(key, `${field}:${client_id}`, sealed) : undefined };
  });
}
