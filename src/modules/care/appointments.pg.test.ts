import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, today } from '../../kit/day.ts';
import { newId } from '../../kit/id.ts';
import { messengersOf } from '../../platform/messenger.ts';
import type { House, Outcome } from '../../platform/room.ts';
import { run } from '../../platform/run.ts';
import { aClient, aGround, aHouse, aPerson, aVisit, counties, facilityId, program, send } from '../../testing/house.ts';
import { slotsOf } from './appointment.ts';
import { wordsOf } from './message.ts';
import { appointmentsOf, followUpsDue, queueOf } from './queries.ts';
import { schedulesOf } from './server-schedules.ts';
import { planMessages, sendMessages } from './server-send.ts';

const county = counties[0];
const actor = program(county);
const station = aPerson('county_clinician', county);
let house: House;
beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
});
const rules = ({ problem }: Outcome) => problem?.findings.map((finding) => finding.rule) ?? [];

async function aSession(change: Record<string, unknown> = {}): Promise<string> {
  const session_id = newId();
  const hours = { opens_at: '08:00', closes_at: '09:00', slot_minutes: 30, places_per_slot: 2 };
  const outcome = await send(house, actor, 'care.open_session', {
    session_id,
    facility_id: facilityId,
    place_code: county,
    held_on: addDays(today(), 1),
    ...hours,
    ...change,
  });
  expect(rules(outcome)).toEqual([]);
  return session_id;
}
async function someone(change: Record<string, unknown> = {}): Promise<string> {
  const client = aClient(change);
  await send(house, actor, 'registry.register', client);
  return client.client_id;
}
const booking = (client_id: string, session_id: string, slot_at = '08:00') => ({
  appointment_id: newId(),
  client_id,
  session_id,
  slot_at,
  service: 'contraception',
});

describe('appointments', () => {
  it('the slots of a session end before it closes', () => {
    expect(slotsOf({ opens_at: '08:00', closes_at: '09:45', slot_minutes: 30 })).toEqual(['08:00', '08:30', '09:00']);
  });
  it('a slot takes as many as it has places, also when many ask at once; nobody is booked twice', async () => {
    const session = await aSession();
    const clients = await Promise.all(Array.from({ length: 5 }, () => someone()));
    const outcomes = await Promise.all(clients.map((client) => send(house, actor, 'care.book', booking(client, session))));
    expect(outcomes.filter((outcome) => outcome.status === 'done').length).toBe(2);
    for (const outcome of outcomes.filter((one) => one.status === 'refused')) expect(rules(outcome)).toEqual(['slot_full']);
    const lucky = clients[outcomes.findIndex((outcome) => outcome.status === 'done')] as string;
    expect(rules(await send(house, actor, 'care.book', booking(lucky, session, '08:30')))).toEqual(['booked_already']);
    expect(rules(await send(house, actor, 'care.book', booking(await someone(), session, '08:15')))).toEqual(['no_such_slot']);
  });
  it('she moves her appointment herself, to another slot, and the old place is free again', async () => {
    const session = await aSession({ places_per_slot: 1 });
    const [client, other] = [await someone(), await someone()];
    const mine = booking(client, session);
    const herself = { ...aPerson('client', '110118101001'), account_id: client, client_id: client };
    expect((await send(house, herself, 'care.book', mine)).status).toBe('done');
    expect(rules(await send(house, herself, 'care.book', booking(other, session, '08:30')))).toEqual(['not_your_own']);
    expect(
      (await send(house, herself, 'care.rebook', { appointment_id: mine.appointment_id, client_id: client, session_id: session, slot_at: '08:30' })).status,
    ).toBe('done');
    expect((await send(house, actor, 'care.book', booking(other, session))).status).toBe('done');
    const { appointments } = await house.database.read(herself, (db) => appointmentsOf(db, county, client, today()));
    expect(appointments).toMatchObject([{ slot_at: '08:30', status: 'booked' }]);
    expect((await send(house, herself, 'care.cancel_appointment', { appointment_id: mine.appointment_id, client_id: client })).status).toBe('done');
  });
  it('on the day there are numbers in the order of coming; a visit keeps the appointment', async () => {
    const session = await aSession({ held_on: today() });
    const [one, two, walker] = [await someone(), await someone(), await someone()];
    const [first, second] = [booking(one, session), booking(two, session)];
    for (const each of [first, second]) await send(house, actor, 'care.book', each);
    await send(house, actor, 'care.check_in', { appointment_id: second.appointment_id, client_id: two, came_on: today() });
    await send(house, actor, 'care.book', { ...booking(walker, session), walks_in: true });
    await send(house, actor, 'care.check_in', { appointment_id: first.appointment_id, client_id: one, came_on: today() });
    const queue = () => house.database.read(station, (db) => queueOf(db, county, session));
    expect((await queue()).map((row) => [row.client_id, row.queue_number, row.status])).toEqual([
      [two, 1, 'arrived'],
      [walker, 2, 'arrived'],
      [one, 3, 'arrived'],
    ]);
    await send(house, actor, 'care.record', aVisit(two, { visited_on: today(), served_on: today() }));
    expect((await queue()).find((row) => row.client_id === two)?.status).toBe('fulfilled');
  });
  it('is on the due list until its day', async () => {
    const session = await aSession({ held_on: addDays(today(), 2) });
    const client = await someone();
    await send(house, actor, 'care.book', booking(client, session, '08:30'));
    const { kinds } = schedulesOf(house.packs);
    const listed = async (day: string) =>
      (await house.database.read(station, (db) => followUpsDue(db, county, county, kinds, day, 1000))).rows.filter((row) => row.client_id === client);
    expect(await listed(today())).toMatchObject([{ kind: 'appointment', slot_at: '08:30' }]);
    expect(await listed(addDays(today(), 3))).toEqual([]);
  });
  it('[R2] whoever booked and did not come is in no list the day after, whoever asks and however', async () => {
    const session = await aSession({ held_on: today() });
    const [came, stayed] = [await someone(), await someone()];
    const [kept, missed] = [booking(came, session), booking(stayed, session)];
    for (const each of [kept, missed]) await send(house, actor, 'care.book', each);
    await send(house, actor, 'care.check_in', { appointment_id: kept.appointment_id, client_id: came, came_on: today() });
    await sql`update care.appointment set held_on = held_on - 1 where session_id = ${session}`.execute(house.database.owner);
    for (const who of [station, actor, aPerson('village_worker', '110118101001'), aPerson('statistician', county)]) {
      const rows = await house.database.read(who, (db) =>
        sql<{ client_id: string }>`select client_id from care.appointment where county_code = ${county} and session_id = ${session}`.execute(db),
      );
      expect(rows.rows.map((row) => row.client_id)).toEqual([came]);
    }
    // Nor in what counts or in what she herself is shown.
    const herself = { ...aPerson('client', '110118101001'), client_id: stayed };
    expect((await house.database.read(herself, (db) => appointmentsOf(db, county, stayed, today()))).appointments).toEqual([]);
  });
});

describe('messages', () => {
  const mails: { to: string; text: string }[] = [];
  const texts: { to: string; text: string }[] = [];
  let refuse = 0;
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part) => parts.push(part));
      stream.on('end', () => {
        if (refuse > 0) {
          refuse -= 1;
          return done(Object.assign(new Error('try later'), { responseCode: 451 }));
        }
        const raw = Buffer.concat(parts).toString();
        const body = raw.slice(raw.indexOf('\r\n\r\n') + 4);
        const isBase64 = /base64/i.test(raw);
        const text = isBase64
          ? Buffer.from(body, 'base64').toString()
          : body.replaceAll(/=\r\n/g, '').replaceAll(/((?:=[0-9A-F]{2})+)/g, (found) => Buffer.from(found.replaceAll('=', ''), 'hex').toString());
        mails.push({ to: envelope.rcptTo[0]?.address ?? '', text });
        done();
      });
    },
  });
  const gateway = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    texts.push(JSON.parse(body));
    response.statusCode = request.headers.authorization === 'Bearer secret' ? 202 : 401;
    response.end();
  });
  let ways: ReturnType<typeof messengersOf>;
  beforeAll(async () => {
    await new Promise<void>((done) => smtp.listen(0, '127.0.0.1', done));
    await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
    ways = messengersOf({
      smtpUrl: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
      mailFrom: 'county@example.org',
      smsUrl: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/send`,
      smsToken: 'secret',
      smsBody: '{"to":"{to}","text":"{text}"}',
    });
  });
  afterAll(async () => {
    await new Promise((done) => smtp.close(() => done(undefined)));
    await new Promise((done) => gateway.close(done));
  });
  const noon = new Date(`${today()}T12:00:00+08:00`);
  const night = new Date(`${today()}T03:00:00+08:00`);
  const consented = async (client_id: string) => {
    const said = {
      purpose: 'reminders',
      text_version: '2026-1',
      language: 'zh',
      given_on: today(),
      given_by: 'client',
      given_alone: true,
      how: 'verbal',
      witness: '她选的人',
    };
    expect(rules(await send(house, actor, 'rights.give_consent', { consent_id: newId(), client_id, ...said }))).toEqual([]);
  };
  const chosen = async (client_id: string, channel: string, more: Record<string, unknown> = {}) =>
    expect(rules(await send(house, actor, 'care.choose_contact', { client_id, channel, from_hour: 8, to_hour: 20, language: 'zh', ...more }))).toEqual([]);
  const states = async (client_id: string) =>
    (
      await sql<{
        status: string;
        attempts: number;
        trouble: string | null;
      }>`select status, attempts, trouble from care.message where client_id = ${client_id}`.execute(house.database.owner)
    ).rows;
  const booked = async (client_id: string) => {
    const session = await aSession();
    const mine = booking(client_id, session);
    await send(house, actor, 'care.book', mine);
    return mine;
  };

  it('go to whom has agreed and chosen, by the channel and at the hours chosen, once, and say nothing about the service', async () => {
    const [mail, phone, silent, unasked] = [
      await someone({ name: '收信甲' }),
      await someone({ name: '收信乙', phone: '13900000001' }),
      await someone(),
      await someone(),
    ];
    for (const client of [mail, phone, silent]) await consented(client);
    await chosen(mail, 'email', { email: 'a@example.org', language: 'en' });
    await chosen(phone, 'sms');
    await chosen(silent, 'none');
    await chosen(unasked, 'email', { email: 'b@example.org' });
    for (const client of [mail, phone, silent, unasked]) await booked(client);
    expect(await planMessages(house, county, night)).toBe(2);
    expect(await planMessages(house, county, night)).toBe(0);
    expect(await sendMessages(house, ways, county, night)).toBe(0);
    expect(await sendMessages(house, ways, county, noon)).toBe(2);
    expect(await sendMessages(house, ways, county, noon)).toBe(0);
    expect(mails).toMatchObject([{ to: 'a@example.org' }]);
    expect(texts).toMatchObject([{ to: '13900000001' }]);
    expect(mails[0]?.text).toContain('You have an appointment');
    expect(texts[0]?.text).toContain('您预约了');
    for (const { text } of [...mails, ...texts]) expect(text).not.toMatch(/收信|避孕|contracept|筛查|孕/);
    const { rows } = await sql<{ text: string }>`select m::text as text from care.message m`.execute(house.database.owner);
    for (const { text } of rows) expect(text).not.toMatch(/example|1390|您/);
  });
  it('are tried again when the way is blocked, later and later, and given up in the end', async () => {
    const client = await someone();
    await consented(client);
    await chosen(client, 'email', { email: 'c@example.org' });
    await booked(client);
    await planMessages(house, county, noon);
    refuse = 1;
    expect(await sendMessages(house, ways, county, noon)).toBe(0);
    expect(await states(client)).toEqual([{ status: 'queued', attempts: 1, trouble: 'smtp_451' }]);
    expect(await sendMessages(house, ways, county, noon)).toBe(0); // not yet
    expect(await sendMessages(house, ways, county, new Date(noon.getTime() + 3 * 60_000))).toBe(1);
    const lost = await someone();
    await consented(lost);
    await chosen(lost, 'email', { email: 'd@example.org' });
    await booked(lost);
    await planMessages(house, county, noon);
    refuse = 100;
    for (let minutes = 0; minutes < 130; minutes += 1) await sendMessages(house, ways, county, new Date(noon.getTime() + minutes * 60_000));
    refuse = 0;
    expect(await states(lost)).toEqual([{ status: 'failed', attempts: 6, trouble: 'smtp_451' }]);
  });
  it('[R4] are stopped by withdrawal: what waited does not go, and nothing new is queued', async () => {
    const client = await someone();
    await consented(client);
    await chosen(client, 'email', { email: 'e@example.org' });
    await booked(client);
    await planMessages(house, county, night);
    expect(await states(client)).toMatchObject([{ status: 'queued' }]);
    await send(house, actor, 'rights.withdraw_consent', { client_id: client, purpose: 'reminders', withdrawn_on: today() });
    expect(await states(client)).toMatchObject([{ status: 'stopped' }]);
    await booked(client);
    await planMessages(house, county, noon);
    await sendMessages(house, ways, county, noon);
    expect(mails.some((each) => each.to === 'e@example.org')).toBe(false);
  });
  it('say nothing of an appointment that was cancelled or moved after they were queued, and tell of a session that was closed', async () => {
    const [cancelled, told] = [await someone(), await someone()];
    for (const client of [cancelled, told]) {
      await consented(client);
      await chosen(client, 'email', { email: `${client}@example.org` });
    }
    const mine = await booked(cancelled);
    const theirs = await booked(told);
    await planMessages(house, county, night);
    await send(house, actor, 'care.cancel_appointment', { appointment_id: mine.appointment_id, client_id: cancelled });
    await send(house, actor, 'care.close_session', { session_id: theirs.session_id, place_code: county });
    await planMessages(house, county, noon);
    await sendMessages(house, ways, county, noon);
    expect(await states(cancelled)).toMatchObject([{ status: 'stopped' }]);
    expect(mails.filter((each) => each.to === `${told}@example.org`).map((each) => each.text)).toEqual([expect.stringContaining('停诊')]);
  });
  it('a restart after a cut finds what was being sent, and a moment of the same list is sent by one process only', async () => {
    const client = await someone();
    await consented(client);
    await chosen(client, 'email', { email: 'f@example.org' });
    await booked(client);
    await planMessages(house, county, noon);
    const sent = await Promise.all([sendMessages(house, ways, county, noon), sendMessages(house, ways, county, noon)]);
    expect(sent[0] + sent[1]).toBe(1);
    await sql`update care.message set status = 'sending', last_at = ${noon.toISOString()}::timestamptz where client_id = ${client}`.execute(
      house.database.owner,
    );
    expect(await sendMessages(house, ways, county, new Date(noon.getTime() + 5 * 60_000))).toBe(0);
    expect(await sendMessages(house, ways, county, new Date(noon.getTime() + 15 * 60_000))).toBe(1);
  });
  it('a gateway that refuses for good is not asked again; the token goes along, and the number is text, not code', async () => {
    const wrong = messengersOf({
      smtpUrl: undefined,
      mailFrom: '',
      smsUrl: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/send`,
      smsToken: 'other',
      smsBody: '{"to":"{to}","text":"{text}"}',
    });
    await expect(wrong.get('sms')?.send('1"2', { subject: '', text: 'a"b\n' })).rejects.toMatchObject({ message: 'http_401', isFinal: true });
    expect(texts.at(-1)).toEqual({ to: '1"2', text: 'a"b\n' });
    expect(wordsOf('reminder', 'zh', { held_on: '2026-12-01', slot_at: '', station: { zh: '县站', en: 'Station' } })).toContain('由您决定');
  });
  it('many items in one list: each is judged by itself', async () => {
    const session = await aSession({ places_per_slot: 1 });
    const [a, b] = [await someone(), await someone()];
    const outcomes = await run(
      house,
      actor,
      [a, b].map((client) => ({ id: newId(), name: 'care.book', input: booking(client, session) })),
    );
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['done', 'refused']);
  });
});
