import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { pulled } from './app.ts';
import { newId } from './kit/id.ts';
import { pull } from './platform/pull.ts';
import type { House } from './platform/room.ts';
import { aClient, aGround, aHouse, aPerson, aVisit, counties, program, send, sendAll } from './testing/house.ts';
import { Carried } from './web/carried.ts';
import type { Change } from './web/local-db.ts';

const county = counties[0];
const actor = program(county);
const [here, there] = ['110118101001', '110118102001'];
let house: House;
beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
});

/** A phone of a place: what it carries after taking in all that is new. */
function aPhone(place_code: string) {
  const [person, carried] = [aPerson('village_worker', place_code, county), new Carried()];
  let after = 0;
  return {
    person,
    async carries(): Promise<string[]> {
      for (;;) {
        const page = await pull(house.database, person, pulled, after, 500);
        carried.take(page.changes as Change[]);
        after = page.checkpoint;
        if (!page.more) break;
      }
      const visits = [...carried.rows('care.visit')].map((row) => `${row['id']} ${row['client_id']}`);
      return [...[...carried.rows('registry.client')].map((row) => String(row['id'])), ...visits].sort();
    },
  };
}

const registered = async (place_code: string): Promise<string> => {
  const client = aClient({ place_code });
  await sendAll(house, actor, [{ name: 'registry.register', input: client }]);
  return client.client_id;
};
const visited = async (client_id: string, place_code: string, who = actor): Promise<string> => {
  const visit = aVisit(client_id, { place_code });
  expect((await send(house, who, 'care.record', visit as never)).status).toBe('done');
  return visit.visit_id;
};
const merge = (kept_id: string, other_id: string) => sendAll(house, actor, [{ name: 'registry.merge', input: { kept_id, other_id } }]);
const unmerge = (kept_id: string, other_id: string) => sendAll(house, actor, [{ name: 'registry.unmerge', input: { kept_id, other_id } }]);

describe('two records that are one person', () => {
  it('come together wherever the visits were made, and apart again; phones follow both ways', async () => {
    const [other, kept] = [await registered(here), await registered(there)];
    const [away, own] = [await visited(other, there), await visited(kept, there)];
    const [phoneHere, phoneThere] = [aPhone(here), aPhone(there)];
    expect(await phoneHere.carries()).toEqual([other].sort());
    expect(await phoneThere.carries()).toEqual([kept, `${own} ${kept}`].sort());
    await merge(kept, other);
    expect(await phoneHere.carries()).toEqual([]);
    expect(await phoneThere.carries()).toEqual([kept, `${own} ${kept}`, `${away} ${kept}`].sort());
    // A phone that has not heard of it yet sends a visit under the old record: it stands under the one she has now.
    const late = await visited(other, there);
    expect(await phoneThere.carries()).toContain(`${late} ${kept}`);
    await unmerge(kept, other);
    expect(await phoneHere.carries()).toEqual([other]);
    expect(await phoneThere.carries()).toEqual([kept, `${own} ${kept}`].sort());
    const { rows } = await sql<{ id: string }>`select id from care.visit where client_id = ${other} order by id`.execute(house.database.owner);
    expect(rows.map((row) => row.id)).toEqual([away, late].sort());
  });
  it('an amendment of a record that stands under another is refused and says so', async () => {
    const [kept, other] = [await registered(here), await registered(here)];
    await merge(kept, other);
    const outcome = await send(house, actor, 'registry.amend', { client_id: other, version: 1, name: '无人可见' });
    expect(outcome.problem?.findings).toEqual([{ field: 'client_id', rule: 'merged_already' }]);
  });
  it('merged again and again they are one: apart each goes back with its own', async () => {
    const [first, second, third] = [await registered(here), await registered(here), await registered(here)];
    const visits = [await visited(first, here), await visited(second, here), await visited(third, here)];
    const standing = async () => {
      const { rows } = await sql<{ id: string; client_id: string }>`select id, client_id from care.visit where id = any(${visits}::uuid[])`.execute(
        house.database.owner,
      );
      return visits.map((visit) => rows.find((row) => row.id === visit)?.client_id);
    };
    await merge(second, first);
    await merge(third, second);
    expect(await standing()).toEqual([third, third, third]);
    await unmerge(third, second);
    expect(await standing()).toEqual([second, second, third]);
    await unmerge(second, first);
    expect(await standing()).toEqual([first, second, third]);
  });
  it('[R4] a withdrawal shuts all of them, and a deletion leaves nothing of any', async () => {
    const [first, second, third] = [await registered(here), await registered(here), await registered(here)];
    const notes = await send(house, actor, 'care.record', { ...aVisit(first, { note: '她说的话' }), visit_id: newId() } as never);
    expect(notes.status).toBe('done');
    await merge(second, first);
    await merge(third, second);
    const rows = async () =>
      (
        await sql<{ name: string; restricted: boolean; erased: boolean }>`
          select name, restricted, erased from registry.client where id = any(${[first, second, third]}::uuid[])`.execute(house.database.owner)
      ).rows;
    await sendAll(house, actor, [{ name: 'rights.withdraw_consent', input: { client_id: third, purpose: 'care', withdrawn_on: '2026-01-05' } }]);
    expect((await rows()).map((row) => row.restricted)).toEqual([true, true, true]);
    const request_id = newId();
    const herself = { ...aPerson('client', here, county), account_id: third, client_id: third };
    expect((await send(house, herself, 'rights.request', { request_id, client_id: third, request_kind: 'delete' })).status).toBe('done');
    const officer = { ...aPerson('privacy_officer', county, county) };
    expect((await send(house, officer, 'rights.decide_request', { request_id, client_id: third, ruling: 'upheld', reason: '依法' })).status).toBe('done');
    expect(await rows()).toEqual(Array.from({ length: 3 }, () => ({ name: '', restricted: true, erased: true })));
    const keys = await sql<{ salt: Buffer | null }>`select salt from journal.subject_key where subject_id = any(${[first, second, third]}::uuid[])`.execute(
      house.database.owner,
    );
    expect(keys.rows.map((row) => row.salt)).toEqual([null, null, null]);
    const visits = await sql<{ note: string | null; note_sealed: string | null }>`select note, note_sealed from care.visit where client_id = ${third}`.execute(
      house.database.owner,
    );
    expect(visits.rows).toEqual([{ note: null, note_sealed: null }]);
  });
});
