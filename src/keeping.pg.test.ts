import type { KeyObject } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, inject, it } from 'vitest';
import { rewrapKeys } from './keeping.ts';
import { newId } from './kit/id.ts';
import { clientsLike } from './modules/registry/queries.ts';
import { reopenClients } from './modules/registry/server-reopen.ts';
import { retained } from './modules/rights/queries.ts';
import { Keys } from './platform/config.ts';
import { subjectKeyOf } from './platform/journal.ts';
import { unseal } from './platform/seal.ts';
import { keepRetention } from './retention.ts';
import { aClient, aGround, aHouse, aPerson, program, send } from './testing/house.ts';

it('keys change while the house works: what was sealed stays readable, and a number is found before, between and after', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'zhiyuan-keys-')), 'keys');
  cpSync(join(inject('postgres').dataFolder, 'keys'), folder, { recursive: true });
  const house = { ...(await aHouse()), keys: new Keys(folder) };
  await aGround(house);
  const [first, second] = [aClient({ phone: '13800000001', name: '换钥甲' }), aClient({ phone: '13800000002', name: '换钥乙' })];
  await send(house, program('110118'), 'registry.register', first);
  // A key of the first format, a salt, is wrapped like the others.
  const scope = { county_code: '110118', place_code: '110118', people: true };
  const versions = async () =>
    (
      await sql<{ version: number }>`select distinct get_byte(salt, 0) as version from journal.subject_key where salt is not null order by 1`.execute(
        house.database.owner,
      )
    ).rows.map((row) => row.version);
  expect(await versions()).toEqual([1]);
  const found = (phone: string) => house.database.read(scope, (db) => clientsLike(db, house.keys, '110118', phone));
  expect(house.keys.addVersion('wrap')).toBe(2);
  expect(house.keys.addVersion('index')).toBe(2);
  await send(house, program('110118'), 'registry.register', second);
  expect([(await found('13800000001')).length, (await found('13800000002')).length]).toEqual([1, 1]);
  expect(await rewrapKeys(house)).toBeGreaterThan(0);
  expect(await versions()).toEqual([2]);
  await reopenClients(house, '110118', 'indexes');
  expect([(await found('13800000001')).length, (await found('13800000002')).length]).toEqual([1, 1]);
  const kept = await sql<{ phone_sealed: string }>`select phone_sealed from registry.client where id = ${first.client_id}`.execute(house.database.owner);
  const key = await house.database.read(scope, (db) => subjectKeyOf(db, house.keys, '110118', first.client_id));
  expect(unseal(key as KeyObject, `phone:${first.client_id}`, kept.rows[0]?.phone_sealed as string)).toBe('13800000001');
});

it('keys come from the environment or a key service where no file is wanted', () => {
  const hex = 'ab'.repeat(32);
  expect(new Keys('/nowhere', { ZHIYUAN_KEY_MASTER: hex }).master.export().toString('hex')).toBe(hex);
  const service = join(mkdtempSync(join(tmpdir(), 'zhiyuan-kms-')), 'key');
  writeFileSync(service, `#!/bin/sh\n[ "$1" = log ] && printf ${hex}\n`, { mode: 0o755 });
  expect(new Keys('/nowhere', { ZHIYUAN_KEY_COMMAND: service }).log.export().toString('hex')).toBe(hex);
  expect(() => new Keys('/nowhere', { ZHIYUAN_KEY_MASTER: 'short' }).master).toThrow('32');
});

it('retention deletes what may no longer be kept, and says what; first it only tells', async () => {
  const house = await aHouse();
  await aGround(house);
  const data = mkdtempSync(join(tmpdir(), 'zhiyuan-retention-'));
  process.env['ZHIYUAN_DATA'] = data;
  mkdirSync(join(data, 'imports', 'old'), { recursive: true });
  mkdirSync(join(data, 'imports', 'new'));
  utimesSync(join(data, 'imports', 'old'), new Date('2020-01-01'), new Date('2020-01-01'));
  const ended = '2020-01-01T00:00:00Z';
  await sql`insert into access.session (token_hash, county_code, id, kind, opened_at, seen_at, ends_at) values ('x', '110118', ${newId()}, 'site', ${ended}, ${ended}, ${ended})`.execute(
    house.database.owner,
  );
  const complaint_id = newId();
  await send(house, aPerson('public', '110118'), 'rights.complain', {
    complaint_id,
    tracking_hash: 'h',
    complaint_kind: 'other',
    place_code: '110118',
    words: '话',
    is_anonymous: true,
  });
  await sql`update rights.complaint set decided_on = '2019-01-01' where id = ${complaint_id}`.execute(house.database.owner);
  const counts = async (dry: boolean) => Object.fromEntries((await keepRetention(house, new Date(), dry)).map(({ what, count }) => [what, count]));
  const expected = { 'import files': 1, sessions: 1, 'words of complaints': 1 };
  expect(await counts(true)).toMatchObject(expected);
  expect(await counts(false)).toMatchObject(expected);
  expect(await counts(false)).toMatchObject({ 'import files': 0, sessions: 0, 'words of complaints': 0 });
  const kept = await house.database.read({ county_code: '110118', place_code: '110118' }, (db) => retained(db, '110118'));
  expect(kept.map(({ what, deleted }) => [what, deleted])).toEqual([
    ['import files', 1],
    ['sessions', 1],
    ['words of complaints', 1],
  ]);
  delete process.env['ZHIYUAN_DATA'];
});
