import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kit/id.ts';
import type { House } from '../../platform/room.ts';
import { aClient, aGround, aHouse, aPerson, aVisit, counties, program, send, sendAll } from '../../testing/house.ts';
import { clientsLike, duplicatePairs } from './queries.ts';

let house: House;
const actor = program(counties[0]);
beforeAll(async () => {
  house = await aHouse();
  for (const county of counties) await aGround(house, county);
});
const read = <T>(work: Parameters<typeof house.database.read<T>>[1], who = actor) => house.database.read(who, work);

describe('registry.register', () => {
  it('works: the client is found by name, pinyin, initials, birth day, phone, ID number and record number', async () => {
    const client = aClient({ name: '单小芳', record_number: 'R-77', born_on: '1949-12-31', phone: '138 0000 0000', id_number: '11010519491231002x' });
    expect((await send(house, actor, 'registry.register', client)).status).toBe('done');
    for (const typed of ['单小', 'shanxiao', 'sxf', '1949-12-31', '+8613800000000', '11010519491231002X', 'R-77']) {
      expect(
        (await read((db) => clientsLike(db, house.keys, counties[0], typed))).map((row) => row.id),
        typed,
      ).toContain(client.client_id);
    }
    expect(await read((db) => clientsLike(db, house.keys, counties[1], 'shanxiao'), program(counties[1]))).toEqual([]);
  });
  it('[R3] is refused without a reason for contact: nobody is listed who did not come, ask or apply', async () => {
    const { contact_reason, ...rest } = aClient();
    expect(await send(house, actor, 'registry.register', rest)).toMatchObject({
      status: 'refused',
      problem: { findings: [{ field: 'contact_reason', rule: 'required' }] },
    });
  });
  it('is refused with a finding when the ID number has a wrong check digit', async () => {
    const outcome = await send(house, actor, 'registry.register', aClient({ id_number: '110105194912310021' }));
    expect(outcome.problem?.findings.map((finding) => finding.rule)).toContain('id_number_check_digit');
  });
  it('is forbidden to a stranger: another duty, another place', async () => {
    expect((await send(house, aPerson('planner', counties[0]), 'registry.register', aClient())).problem?.code).toBe('forbidden');
    expect((await send(house, aPerson('village_worker', '110118102001'), 'registry.register', aClient())).problem?.findings[0]?.rule).toBe('not_your_place');
  });
  it('sent twice happens once', async () => {
    const [id, client] = [newId(), aClient({ name: '只一次' })];
    expect((await send(house, actor, 'registry.register', client, id)).status).toBe('done');
    expect((await send(house, actor, 'registry.register', client, id)).status).toBe('repeated');
    expect(await read((db) => clientsLike(db, house.keys, counties[0], '只一次'))).toHaveLength(1);
  });
  it('what identifies her is sealed in the journal, and nowhere in it in plain', async () => {
    await send(house, actor, 'registry.register', aClient({ name: '欧阳密密', phone: '13912345678', id_number: '11010519491231002X', born_on: '1949-12-31' }));
    const { rows } = await sql<{ input: string }>`select input::text from journal.entry`.execute(house.database.owner);
    const journal = rows.map((row) => row.input).join();
    for (const secret of ['欧阳密密', '13912345678', '11010519491231002X']) expect(journal).not.toContain(secret);
    const table = await sql<{ text: string }>`select row_to_json(c)::text as text from registry.client c where name = '欧阳密密'`.execute(house.database.owner);
    for (const secret of ['13912345678', '11010519491231002X']) expect(table.rows[0]?.text).not.toContain(secret);
  });
});

describe('registry.amend', () => {
  const standing = async (client_id: string) =>
    (
      await sql<{ name: string; residence: string; version: number; follow_up_consented: boolean; purposes: string[] }>`
        select name, residence, version, follow_up_consented, purposes from registry.client where id = ${client_id}`.execute(house.database.owner)
    ).rows[0];
  const conflicts = async (client_id: string) =>
    (
      await sql<{
        id: string;
        field: string;
        status: string;
        value: string | null;
      }>`select id, field, status, value from registry.conflict where client_id = ${client_id}`.execute(house.database.owner)
    ).rows;
  const amended = async (client_id: string, ...changes: Record<string, unknown>[]) => {
    for (const change of changes) expect((await send(house, actor, 'registry.amend', { client_id, version: 1, ...change })).status).toBe('done');
  };

  it('works with the version that was seen; one from a version that is not there yet is a conflict', async () => {
    const client = aClient({ name: '改名前' });
    await send(house, actor, 'registry.register', client);
    await amended(client.client_id, { name: '改名后' });
    expect((await send(house, actor, 'registry.amend', { client_id: client.client_id, version: 9, name: '再改' })).problem).toMatchObject({
      code: 'conflict',
      findings: [{ rule: 'changed_meanwhile', values: { value: 2 } }],
    });
    expect((await read((db) => clientsLike(db, house.keys, counties[0], 'gaiminghou')))[0]?.id).toBe(client.client_id);
  });
  it('two people who change different fields of one version both have their way', async () => {
    const { client_id } = aClient();
    await send(house, actor, 'registry.register', aClient({ client_id }));
    await amended(client_id, { name: '新名字' }, { residence: 'migrant' });
    expect(await standing(client_id)).toMatchObject({ name: '新名字', residence: 'migrant', version: 3 });
    expect(await conflicts(client_id)).toEqual([]);
  });
  it('two names for one person are both kept until somebody decides; the one decided for stands', async () => {
    const { client_id } = aClient();
    await send(house, actor, 'registry.register', aClient({ client_id }));
    await amended(client_id, { name: '甲名' }, { name: '乙名' }, { name: '甲名' });
    expect(await standing(client_id)).toMatchObject({ name: '甲名' });
    const [open, ...others] = await conflicts(client_id);
    // The same value said twice is no conflict; a name is kept under her own key only.
    expect([open, others]).toMatchObject([{ field: 'name', status: 'open', value: null }, []]);
    expect((await send(house, actor, 'registry.decide', { conflict_id: open?.id, client_id, keep: 'other' })).status).toBe('done');
    expect(await standing(client_id)).toMatchObject({ name: '乙名' });
    expect((await send(house, actor, 'registry.decide', { conflict_id: open?.id, client_id, keep: 'other' })).problem?.findings[0]?.rule).toBe(
      'decided_already',
    );
  });
  it('a later residence is taken by rule, and the earlier one stands beside it', async () => {
    const { client_id } = aClient();
    await send(house, actor, 'registry.register', aClient({ client_id }));
    await amended(client_id, { residence: 'migrant' }, { residence: 'resident' });
    expect(await standing(client_id)).toMatchObject({ residence: 'resident' });
    expect(await conflicts(client_id)).toMatchObject([{ field: 'residence', status: 'merged', value: 'migrant' }]);
  });
  it('an amendment that stands on an earlier one of its maker is no conflict with it', async () => {
    const { client_id } = aClient();
    await send(house, actor, 'registry.register', aClient({ client_id }));
    const first = newId();
    await send(house, actor, 'registry.amend', { client_id, version: 1, name: '一次' }, first);
    await amended(client_id, { name: '二次', seen: first });
    expect(await standing(client_id)).toMatchObject({ name: '二次' });
    expect(await conflicts(client_id)).toEqual([]);
  });
  it('[R4] yes and no to being followed up: the no holds until a person decides', async () => {
    const { client_id } = aClient();
    await send(house, actor, 'registry.register', aClient({ client_id, follow_up_consented: false }));
    await amended(client_id, { follow_up_consented: true }, { follow_up_consented: false });
    expect(await standing(client_id)).toMatchObject({ follow_up_consented: false, purposes: ['care'] });
    expect(await conflicts(client_id)).toMatchObject([{ field: 'follow_up_consented', status: 'open', value: 'true' }]);
  });
});

describe('duplicates', () => {
  it('are found by sound and birth day, phone and ID, shown side by side, merged, and the merge undone with each visit back where it was', async () => {
    const [one, two] = [
      aClient({ name: '李晓梅', born_on: '1988-08-08', phone: '13700000001' }),
      aClient({ name: '李小梅', born_on: '1988-08-08', phone: '137-0000-0001', place_code: '110118102001' }),
    ];
    await sendAll(house, actor, [
      { name: 'registry.register', input: one },
      { name: 'registry.register', input: two },
    ]);
    const visit = aVisit(two.client_id, { place_code: '110118102001' });
    await send(house, actor, 'care.record', visit);
    const [pair] = (await read((db) => duplicatePairs(db, counties[0], 'open'))).filter((each) => [each.client.id, each.other.id].includes(one.client_id));
    expect(pair).toMatchObject({ score: 80, reasons: ['same_phone', 'same_sound_and_birth'] });
    const whose = async () =>
      (await sql<{ client_id: string }>`select client_id from care.visit where id = ${visit.visit_id}`.execute(house.database.owner)).rows[0]?.client_id;
    const merge = { kept_id: one.client_id, other_id: two.client_id };
    expect((await send(house, actor, 'registry.merge', merge)).status).toBe('done');
    expect(await whose()).toBe(one.client_id);
    expect((await send(house, actor, 'registry.merge', merge)).problem?.findings[0]?.rule).toBe('merged_already');
    expect((await send(house, actor, 'registry.unmerge', merge)).status).toBe('done');
    expect(await whose()).toBe(two.client_id);
  });
});

describe('places', () => {
  it('a code must begin with its parent’s; a place that ends names its successors', async () => {
    const place = { place_code: '110118999', parent_code: '110118101', level: 'village', name_zh: '错', valid_from: '2024-01-01' };
    expect((await send(house, actor, 'registry.open_place', place)).problem?.findings[0]?.rule).toBe('code_begins_with_parent');
    expect(
      (await send(house, actor, 'registry.close_place', { place_code: '110118102002', valid_until: '2026-01-01', succeeded_by: '110118102001' })).status,
    ).toBe('done');
    expect(
      (await send(house, actor, 'registry.close_place', { place_code: '110118102002', valid_until: '2026-01-01', succeeded_by: '110118777' })).problem
        ?.findings[0]?.rule,
    ).toBe('unknown_place');
  });
});

describe('the second wall: row security', () => {
  it('a village worker whose statement forgot its condition sees her village and nothing else', async () => {
    await send(house, actor, 'registry.register', aClient({ place_code: '110118102001', name: '他村' }));
    await send(house, program(counties[1]), 'registry.register', aClient({ place_code: '371521101001', name: '他县' }));
    const worker = aPerson('village_worker', '110118101001');
    const { rows } = await read((db) => sql<{ place_code: string }>`select place_code from registry.client`.execute(db), worker as never);
    expect(new Set(rows.map((row) => row.place_code))).toEqual(new Set(['110118101001']));
    const none = await sql`select 1 from registry.client`.execute(house.database.app);
    expect(none.rows).toEqual([]);
  });
});
