import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from './platform/config.ts';
import { problemOfDatabase } from './platform/problems.ts';
import type { House } from './platform/room.ts';
import { aHouse } from './testing/house.ts';

/** Tables that are found by another value than the county: nation-wide unique, distributed by that value. */
const ownKey = ['access.login', 'access.session', 'access.code', 'access.challenge', 'access.attempt'];
const schemas = ['journal', 'access', 'registry', 'rights', 'supplies', 'care', 'evaluation', 'exchange'];

let house: House;
beforeAll(async () => {
  house = await aHouse();
});
const rows = async <T>(text: string) => (await sql.raw<T>(text).execute(house.database.owner)).rows;
const ours = `n.nspname in (${schemas.map((name) => `'${name}'`).join()})`;

describe('the schema keeps to the rules of a cluster (docs/adr/0003)', () => {
  it('K1 K8: every table has a key, and every key and unique constraint begins with the county', async () => {
    const tables = await rows<{ name: string }>(
      `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and ${ours}`,
    );
    const keys = await rows<{ name: string; kind: string; first: string }>(
      `select n.nspname || '.' || c.relname as name, k.contype as kind, a.attname as first from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1] where k.contype in ('p','u','x','f') and ${ours}`,
    );
    for (const { name } of tables)
      expect(
        keys.some((key) => key.name === name && key.kind === 'p'),
        name,
      ).toBe(true);
    for (const key of keys.filter(({ name }) => !ownKey.includes(name))) expect(key.first, `${key.name} ${key.kind}`).toBe('county_code');
    const indexes = await rows<{ name: string; first: string }>(
      `select i.indexrelid::regclass::text as name, a.attname as first from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] where i.indisunique and ${ours} and n.nspname || '.' || c.relname <> all ('{${ownKey}}')`,
    );
    for (const index of indexes) expect(index.first, index.name).toBe('county_code');
  });
  it('K3 K4: the county is text, not null, plain', async () => {
    const columns = await rows<{ table: string; type: string; nullable: string; made: string }>(
      `select table_schema || '.' || table_name as table, udt_name as type, is_nullable as nullable, is_generated as made from information_schema.columns where column_name = 'county_code' and domain_name is null and table_schema in (${schemas.map((name) => `'${name}'`)})`,
    );
    expect(columns.length).toBeGreaterThan(20);
    for (const column of columns) expect(column, column.table).toMatchObject({ type: 'text', nullable: 'NO', made: 'NEVER' });
  });
  it('no trigger, rule, identity, sequence, generated county, SET NULL or unnamed constraint', async () => {
    expect(
      await rows(
        `select tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where not tgisinternal and ${ours}`,
      ),
    ).toEqual([]);
    expect(await rows(`select rulename from pg_rules where schemaname in (${schemas.map((name) => `'${name}'`)})`)).toEqual([]);
    expect(await rows(`select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where relkind = 'S' and ${ours}`)).toEqual([]);
    expect(
      await rows(
        `select conname from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace where ${ours} and (confdeltype in ('n','d') or conname ~ '_(check|key|fkey)\\d*$')`,
      ),
    ).toEqual([]);
  });
  it('[HOUSE 11] every county table has row security for the application and for the counter', async () => {
    const walls = await rows<{ name: string; secured: boolean; policies: number }>(
      `select n.nspname || '.' || c.relname as name, c.relrowsecurity as secured, (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and ${ours}`,
    );
    for (const wall of walls.filter(({ name }) => !ownKey.includes(name))) expect(wall, wall.name).toMatchObject({ secured: true });
    const byPlace = await rows<{ name: string }>(
      `select distinct polrelid::regclass::text as name from pg_policy where pg_get_expr(polqual, polrelid) like '%starts_with(place_code%' and polname = 'its_own'`,
    );
    expect(byPlace.map((row) => row.name).sort()).toEqual([
      'care.appointment',
      'care.contact_choice',
      'care.follow_up',
      'care.message',
      'care.visit',
      'care.visit_before',
      'registry.client',
      'registry.client_before',
      'registry.conflict',
      'registry.departure',
      'registry.duplicate',
      'rights.consent',
      'rights.data_request',
    ]);
  });
});

describe('rows about people', () => {
  /** Found by a secret, or by the account that holds them, before anybody's place is known: nothing in them says what somebody came for. */
  const bySecret = ['access.session', 'access.code', 'access.passkey'];
  it('every table that names a client is shown by people’s place, to herself, at a desk, to the program’s own work, or to nobody', async () => {
    const tables = await rows<{ name: string }>(
      `select distinct table_schema || '.' || table_name as name from information_schema.columns where column_name in ('client_id', 'client_ids', 'recorded_client_id', 'other_id') and table_schema in (${schemas.map((name) => `'${name}'`)})`,
    );
    expect(tables.length).toBeGreaterThan(14);
    const policies = await rows<{ name: string; shows: string | null }>(
      `select polrelid::regclass::text as name, pg_get_expr(polqual, polrelid) as shows from pg_policy where polcmd in ('r', '*') and 'zhiyuan_app'::regrole = any(polroles)`,
    );
    for (const { name } of tables.filter((table) => !bySecret.includes(table.name)))
      for (const { shows } of policies.filter((policy) => policy.name === name))
        expect(/app\.(people|ledger|desk|client)/.test(shows ?? '') || name === 'registry.departure', `${name}: ${shows}`).toBe(true);
    const open = await rows<{ name: string }>(
      `select table_schema || '.' || table_name as name from information_schema.role_table_grants where grantee = 'zhiyuan_app' and privilege_type = 'SELECT' and table_schema = 'evaluation'`,
    );
    expect(open.map((one) => one.name).sort()).toEqual(['evaluation.cell', 'evaluation.memory', 'evaluation.official', 'evaluation.stock_month']);
  });
});

describe('the statements keep to them', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.ts$/.test(file) && !/test\.ts$|generated|testing\//.test(file),
  );
  const statements = files.flatMap((file) =>
    [...readFileSync(join(root, 'src', file), 'utf8').matchAll(/sql(?:<[^`]*?>)?`([^`]*)`/g)].map((match) => ({ file, text: match[1] as string })),
  );
  it('every statement on a county table binds the county', () => {
    const onCounty = statements.filter(({ text }) => /\b(from|update|join|into)\s+(journal|registry|rights|supplies|care|evaluation|exchange)\./.test(text));
    expect(onCounty.length).toBeGreaterThan(25);
    for (const { file, text } of onCounty) expect(/county_code|\$\{county\}/.test(text), `${file}: ${text.slice(0, 120)}`).toBe(true);
  });
  it('Q4 Q5: no clock in an upsert, no chance in an update, no setting by function', () => {
    for (const { file, text } of statements) {
      expect(/do update set[^`]*now\(\)/i.test(text), file).toBe(false);
      expect(/^\s*update[^`]*(random|clock_timestamp)\(/i.test(text), file).toBe(false);
      expect(/set_config\(/i.test(text), file).toBe(false);
    }
  });
});

describe('database errors become problems', () => {
  it('by SQLSTATE, with the constraint read from the message and the shard’s number cut off', () => {
    const error = (code: string, message: string) => problemOfDatabase({ code, message });
    expect(error('23505', 'duplicate key value violates unique constraint "record_number_is_free_102124"')).toMatchObject({
      code: 'conflict',
      findings: [{ rule: 'record_number_is_free' }],
    });
    expect(error('23514', 'new row for relation "visit_102008" violates check constraint "procedure_has_own_complete_consent_102008"')).toMatchObject({
      code: 'refused',
      findings: [{ rule: 'procedure_has_own_complete_consent' }],
    });
    expect(error('23503', 'insert or update on table "client" violates foreign key constraint "client_place_is_known"')).toMatchObject({ code: 'missing' });
    expect(error('42703', 'column "x" does not exist')).toBeUndefined();
  });
});
