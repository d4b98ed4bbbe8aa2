import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { demoSizes, loadDemo } from '../demo/load.ts';
import { newId } from '../kit/id.ts';
import { aHouse, program, send } from '../testing/house.ts';
import { replay } from './replay.ts';
import { run } from './run.ts';

const tables = [
  'access.account',
  'access.login',
  'access.duty',
  'registry.place',
  'registry.population',
  'registry.estimate',
  'registry.birth_count',
  'registry.facility',
  'registry.health_worker',
  'registry.client',
  'registry.client_before',
  'registry.conflict',
  'registry.duplicate',
  'care.visit',
  'care.visit_before',
  'care.follow_up',
  'care.session',
  'care.appointment',
  'care.contact_choice',
  'supplies.stock_movement',
  'supplies.stock_on_hand',
  'journal.entry',
  'journal.subject_key',
];

it('the journal, replayed into an empty database, gives the same tables, row for row', async () => {
  const [house, copy] = [await aHouse(), await aHouse()];
  const size = { ...demoSizes.small, clients: 150, scale: 1 / 1000, years: [2025] };
  await loadDemo(house, size, 7, undefined, 300);
  const actor = program('110118');
  const { rows } = await sql<{ id: string; version: number; client_id: string }>`select id, version, client_id from care.visit order by id limit 2`.execute(
    house.database.owner,
  );
  await send(house, actor, 'care.void', { visit_id: rows[0]?.id, version: 1, reason: '试' });
  await send(house, actor, 'registry.amend', { client_id: rows[1]?.client_id, version: 1, name: '改过', phone: '10012345678' });
  for (const name of ['又改', '改过']) await send(house, actor, 'registry.amend', { client_id: rows[1]?.client_id, version: 1, name });
  const pair = await sql<{ client_id: string; other_id: string }>`select client_id, other_id from registry.duplicate limit 1`.execute(house.database.owner);
  await send(house, actor, 'registry.merge', { kept_id: pair.rows[0]?.client_id, other_id: pair.rows[0]?.other_id });

  // An appointment whose day has passed when the journal is replayed: booked on it, moved, come to.
  const client_id = rows[0]?.client_id;
  const facility = await sql<{ id: string }>`select id from registry.facility where place_code = '110118' limit 1`.execute(house.database.owner);
  const hours = { opens_at: '08:00', closes_at: '11:00', slot_minutes: 30, places_per_slot: 2 };
  const session = { session_id: newId(), facility_id: facility.rows[0]?.id, place_code: '110118', held_on: '2025-06-02', ...hours };
  const [appointment_id, then] = [newId(), new Date('2025-06-01T02:00:00Z')];
  const done = await run(
    house,
    actor,
    [
      { id: newId(), name: 'care.open_session', input: session },
      { id: newId(), name: 'care.book', input: { appointment_id, client_id, session_id: session.session_id, slot_at: '08:00', service: 'contraception' } },
      { id: newId(), name: 'care.rebook', input: { appointment_id, client_id, session_id: session.session_id, slot_at: '09:00' } },
      { id: newId(), name: 'care.choose_contact', input: { client_id, channel: 'sms', from_hour: 8, to_hour: 20, language: 'zh' } },
      { id: newId(), name: 'care.check_in', input: { appointment_id, client_id, came_on: '2025-06-02' } },
    ],
    then,
  );
  expect(done.map((outcome) => outcome.status)).toEqual(['done', 'done', 'done', 'done', 'done']);

  const entries = await replay(house, copy, '110118');
  expect(entries).toBeGreaterThan(2000);
  for (const table of tables) {
    const both = await Promise.all(
      [house, copy].map((one) => sql<{ text: string }>`select t::text as text from ${sql.raw(table)} t order by 1`.execute(one.database.owner)),
    );
    expect(both[0]?.rows.length, table).toBeGreaterThan(0);
    expect(both[1]?.rows, table).toEqual(both[0]?.rows);
  }
});

it('what was sealed with a key that is gone stays shut: the entry replays without her name', async () => {
  const [house, copy] = [await aHouse(), await aHouse()];
  await loadDemo(house, { ...demoSizes.small, clients: 60, scale: 1 / 1000, years: [2025] }, 3);
  const { rows } = await sql<{ id: string; name: string }>`select id, name from registry.client where phone_sealed is not null limit 1`.execute(
    house.database.owner,
  );
  await sql`update journal.subject_key set salt = null, destroyed_at = now() where subject_id = ${rows[0]?.id}`.execute(house.database.owner);
  await replay(house, copy, '110118');
  const erased = await sql`select name, name_pinyin, phone_index, phone_sealed from registry.client where id = ${rows[0]?.id}`.execute(copy.database.owner);
  expect(erased.rows).toEqual([{ name: '', name_pinyin: '', phone_index: null, phone_sealed: null }]);
});
