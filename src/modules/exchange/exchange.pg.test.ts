import { mkdtempSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { Workbook } from '@cj-tech-master/excelts';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../app.ts';
import { newId } from '../../kit/id.ts';
import type { House } from '../../platform/room.ts';
import { aGround, aHouse, counties, program, send } from '../../testing/house.ts';
import { workOnImport } from './commands.ts';
import { importFile } from './server-import.ts';
import { rowsOf } from './server-read.ts';
import type { Report } from './server-report.ts';
import { writeMarked, writeTemplate } from './server-write.ts';

let house: House;
const actor = program(counties[0]);
const folder = mkdtempSync(join(tmpdir(), 'zhiyuan-exchange-'));
beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
});
const count = async (table: string) => (await sql<{ n: number }>`select count(*)::int as n from ${sql.raw(table)}`.execute(house.database.owner)).rows[0]?.n;

/** A workbook made from the template, filled as people fill it: Chinese labels, dates in several ways. */
async function filled(name: string, change: (workbook: Workbook) => void = () => {}): Promise<string> {
  const path = join(folder, name);
  await writeTemplate(path);
  const workbook = new Workbook();
  await workbook.xlsx.readFile(path);
  const headings = (sheet: string) => (workbook.getWorksheet(sheet)?.getRow(1).values as string[]).map((heading) => String(heading ?? '').replace('*', ''));
  const add = (sheet: string, row: Record<string, unknown>) =>
    workbook.getWorksheet(sheet)?.addRow(
      headings(sheet)
        .slice(1)
        .map((heading) => (row[heading] ?? null) as never),
    );
  const client = { 地点代码: '110118101001', 性别: '女', 居住类型: '户籍常住', 建档缘由: '本人前来', 首次联系日期: '2025/1/2', 本人同意随访联系: '是' };
  add('服务对象', { ...client, 档案编号: 'X-1', 姓名: '赵一', 出生日期: '1990年5月17日' });
  add('服务对象', { ...client, 档案编号: 'X-2', 姓名: '钱二', 出生日期: new Date('1991-06-18T00:00:00Z') });
  add('避孕服务', {
    就诊编号: 'N-1',
    服务对象编号: 'X-1',
    机构编号: 'F-1',
    地点代码: '110118101001',
    服务日期: '20250303',
    本人决定: '接受',
    实际服务日期: '2025-03-03',
    本人同意随访联系: '是',
    '收费（分）': 0,
    服务对象类型: '首次采用',
    讲解过的方法: '避孕套、宫内节育器、皮下埋植',
    '讲解了“不用任何方法”': '是',
    由谁选定: '本人',
    选定方法: '避孕套',
    当次得到所选方法: '是',
    药具: 'condom',
    数量: 10,
  });
  change(workbook);
  await workbook.xlsx.writeFile(path);
  return path;
}

describe('import of a workbook', () => {
  it('is rehearsed first: says what would be added and leaves nothing behind', async () => {
    const report = await importFile(house, actor, await filled('one.xlsx'), { dry: true });
    expect(report.refusals).toEqual([]);
    expect(report.sheets).toEqual([
      { name: 'clients', added: 2, changed: 0, repeated: 0, refused: 0 },
      { name: 'visits_contraception', added: 1, changed: 0, repeated: 0, refused: 0 },
    ]);
    expect([await count('registry.client'), await count('care.visit')]).toEqual([0, 0]);
  });
  it('adds once, adds nothing the second time, and a changed row changes its record', async () => {
    const path = await filled('two.xlsx');
    await importFile(house, actor, path);
    expect([await count('registry.client'), await count('care.visit'), await count('journal.entry')]).toEqual([2, 1, 11]);
    const again = await importFile(house, actor, path);
    expect(again.sheets.map((sheet) => [sheet.added, sheet.repeated])).toEqual([
      [0, 2],
      [0, 1],
    ]);
    const changed = await importFile(
      house,
      actor,
      await filled('three.xlsx', (workbook) => {
        const sheet = workbook.getWorksheet('服务对象');
        if (sheet) sheet.getCell(3, 4).value = '赵一改';
      }),
    );
    expect(changed.sheets[0]).toMatchObject({ added: 0, changed: 1, repeated: 1 });
    expect([await count('registry.client'), await count('registry.client_before')]).toEqual([2, 1]);
  });
  it('refuses with sheet, row, column, value and rule, and gives the workbook back with the cells marked', async () => {
    const path = await filled('four.xlsx', (workbook) => {
      const sheet = workbook.getWorksheet('服务对象');
      sheet?.addRow([null, 'X-9', '110118101001', '孙三', '女', '1990-02-30', '户籍常住', '本人前来', '2025-01-02', null, '110105194912310021', '是'] as never);
      sheet?.addRow([
        null,
        'X-10',
        '999999',
        { formula: '1+1', result: 2 },
        '女',
        '1990-02-03',
        '户籍常住',
        '本人前来',
        '2025-01-02',
        null,
        null,
        '是',
      ] as never);
    });
    const report = await importFile(house, actor, path, { dry: true });
    expect(report.refusals.map(({ sheet, row, column, value, rule }) => [sheet, row, column, value, rule])).toEqual([
      ['clients', 5, 'born_on', '1990-02-30', 'not_a_day'],
      ['clients', 6, 'name', '=1+1', 'formula_cell'],
    ]);
    const marked = join(folder, 'marked.xlsx');
    await writeMarked(path, report.refusals, marked);
    const workbook = new Workbook();
    await workbook.xlsx.readFile(marked);
    expect(JSON.stringify(workbook.getWorksheet('服务对象')?.getCell(5, 6).note)).toContain('1990-02-30');
    expect(workbook.getWorksheet('未接受的内容 Refused')?.rowCount).toBe(3);
  });
  it('[RIGHTS] drops columns that must never be collected, by name, and counts their values', async () => {
    const path = join(folder, 'clients.csv');
    writeFileSync(
      path,
      '档案编号,地点代码,姓名,性别,出生日期,居住类型,建档缘由,首次联系日期,本人同意随访联系,准生证号,配偶同意\nY-1,110118101001,周五,女,1990-01-01,流动人口,本人要求,2025-01-02,否,ZS-1,是\nY-2,110118101001,吴六,女,1990-01-02,流动人口,本人要求,2025-01-02,否,ZS-2,\n',
    );
    const report = await importFile(house, actor, path);
    expect(report.dropped.map(({ column, values }) => [column, values])).toEqual([
      ['准生证号', 2],
      ['配偶同意', 1],
    ]);
    expect(report.sheets).toEqual([{ name: 'clients', added: 2, changed: 0, repeated: 0, refused: 0 }]);
  });
  it('[R5] a procedure without the person’s own consent is refused from an import too', async () => {
    const path = join(folder, 'visits_contraception.csv');
    writeFileSync(
      path,
      'visit_number,client_number,facility_number,place_code,visited_on,decision,served_on,follow_up_consented,charge_fen,client_is,method_chosen,procedure,operator_number\nP-1,X-1,F-1,110118101001,2025-03-03,accepted,2025-03-03,yes,0,new,iud,iud_insertion,W-1\n',
    );
    const report = await importFile(house, actor, path);
    expect(report.refusals.map((refusal) => refusal.rule)).toEqual(['R5_own_complete_consent']);
  });
});

describe('the job of an upload', () => {
  it('acts under the duty of whoever uploaded: nothing outside her place, nothing outside her duty, nothing after it ended', async () => {
    const account_id = newId();
    const open = { account_id, place_code: '110118101', login: 'importer', display_name: '导', role: 'county_clinician', password: 'a long password' };
    expect((await send(house, actor, 'access.open_account', open)).status).toBe('done');
    const person = (number: string, place: string) => `${number},${place},导入${number},女,1990-01-01,户籍常住,本人前来,2025-01-02,否`;
    const head = '档案编号,地点代码,姓名,性别,出生日期,居住类型,建档缘由,首次联系日期,本人同意随访联系';
    const upload = async (file: string, text: string) => {
      const path = join(mkdtempSync(join(tmpdir(), 'zhiyuan-job-')), file);
      writeFileSync(path, text);
      const id = newId();
      const now = new Date().toISOString();
      const row = {
        county_code: counties[0],
        id,
        actor_id: account_id,
        duty_id: account_id,
        file_name: file,
        file_path: path,
        status: 'importing',
        opened_at: now,
        changed_at: now,
      };
      await house.database.write({ county_code: counties[0], place_code: counties[0], ledger: true }, (tx) => tx.insertRows('exchange.import', [row]));
      await workOnImport(house, roles, { county_code: counties[0], id });
      return (await sql<{ status: string; report: Report }>`select status, report from exchange.import where id = ${id}`.execute(house.database.owner)).rows[0];
    };
    const done = await upload('clients.csv', [head, person('J-1', '110118101001'), person('J-2', '110118102001')].join('\n'));
    expect(done?.report.sheets).toMatchObject([{ added: 1, refused: 1 }]);
    expect(done?.report.refusals[0]?.rule).toBe('not_your_place');
    const ground = await upload('places.csv', 'place_code,parent_code,level,name_zh,valid_from\n110118101009,110118101,village,新村,2020-01-01\n');
    expect(ground?.report.refusals.map((refusal) => refusal.rule)).toEqual(['not_your_duty']);
    await send(house, actor, 'access.end_duty', { duty_id: account_id, until_on: '2026-01-01' });
    const late = await upload('clients.csv', [head, person('J-3', '110118101001')].join('\n'));
    expect(late?.status).toBe('unreadable');
    expect(await count('registry.client')).toBe(
      (await sql<{ n: number }>`select count(*)::int as n from registry.client where record_number not in ('J-2', 'J-3')`.execute(house.database.owner)).rows[0]
        ?.n,
    );
  });
});

describe('hostile files are refused with words', () => {
  const refused = async (path: string) => {
    try {
      for await (const _ of rowsOf(path, ['clients'])) break;
    } catch (error) {
      return (error as { findings?: { rule: string }[] }).findings?.[0]?.rule;
    }
    return 'read';
  };
  it('200 MB', async () => {
    const path = join(folder, 'large.xlsx');
    writeFileSync(path, '');
    truncateSync(path, 200 * 1024 * 1024);
    expect(await refused(path)).toBe('file_too_large');
  });
  it('a zip bomb, whatever size it claims', async () => {
    const path = join(folder, 'bomb.xlsx');
    writeFileSync(path, zipOf('xl/worksheets/sheet1.xml', Buffer.alloc(64 * 1024 * 1024), 1000));
    expect(statSync(path).size).toBeLessThan(200_000);
    expect(await refused(path)).toBe('zip_bomb');
  });
  it('no workbook at all, a folder with nothing known, a file that is not there', async () => {
    writeFileSync(join(folder, 'text.xlsx'), 'hello');
    expect(await refused(join(folder, 'text.xlsx'))).toBe('not_a_workbook');
    expect(await refused(mkdtempSync(join(tmpdir(), 'zhiyuan-empty-')))).toBe('no_known_csv');
    expect(await refused(join(folder, 'absent.csv'))).toBe('no_such_file');
  });
});

/** A zip with one file that claims to be `claimed` bytes long. */
function zipOf(name: string, content: Buffer, claimed: number): Buffer {
  const packed = deflateRawSync(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(packed.length, 18);
  local.writeUInt32LE(claimed, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 6);
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(claimed, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(30 + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, central, Buffer.from(name), end]);
}
