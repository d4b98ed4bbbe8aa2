import { Workbook } from '@cj-tech-master/excelts';
import { sayer } from '../../platform/words.ts';
import type { Refusal } from './server-report.ts';
import { optionsOf } from './server-rows.ts';
import { type Column, sheets } from './sheet.ts';

const zh = sayer('zh');
const en = sayer('en');
const filled = { dark: 'FF1F5F5B', light: 'FFE9F3F1', wrong: 'FFFFD6D1' };

/** Writes a workbook whose sheets are the forms: headings with notes, drop-downs, and an example row that an import passes over. */
export async function writeTemplate(path: string): Promise<void> {
  const workbook = new Workbook();
  const lists = workbook.addWorksheet('选项', { state: 'veryHidden' });
  let listAt = 0;
  for (const { zh: title, columns } of sheets) {
    const sheet = workbook.addWorksheet(title, { views: [{ state: 'frozen', xSplit: 1, ySplit: 1 }] });
    sheet.columns = [
      { header: '说明', width: 9 },
      ...columns.map(({ key, ask }) => ({ header: `${zh(`field.${key}`)}${ask.required ? '*' : ''}`, width: Math.max(14, zh(`field.${key}`).length * 2 + 4) })),
    ] as never;
    const heading = sheet.getRow(1);
    heading.font = { bold: true, color: { argb: 'FFFFFFFF' } };
    heading.fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: filled.dark } } as never;
    sheet.addRow(['示例', ...columns.map(exampleOf)]).fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: filled.light } } as never;
    for (const [index, column] of columns.entries()) {
      sheet.getCell(1, index + 2).note = noteOf(column);
      const options =
        column.ask.kind === 'yes_no' ? ['是', '否'] : column.ask.kind === 'choice' ? optionsOf(column.ask).map((option) => labelOf(column, option)) : [];
      if (options.length === 0) continue;
      listAt += 1;
      for (const [row, option] of options.entries()) lists.getCell(row + 1, listAt).value = option;
      const letter = lists.getColumn(listAt).letter;
      const here = sheet.getColumn(index + 2).letter;
      const rule = {
        type: 'list',
        allowBlank: !column.ask.required,
        formulae: [`选项!$${letter}$1:$${letter}$${options.length}`],
        showErrorMessage: true,
        error: zh('rule.choose_from_list'),
      };
      sheet.dataValidations.add(`${here}2:${here}10000`, rule as never);
    }
  }
  await workbook.xlsx.writeFile(path);
}

function labelOf({ key }: Column, option: string): string {
  const own = zh(`option.${key}.${option}`);
  return own === `option.${key}.${option}` ? zh(`option.${option}`) : own;
}

function exampleOf(column: Column): string {
  const { ask } = column;
  if (ask.example) return ask.example;
  if (ask.kind === 'yes_no') return '是';
  const [first] = optionsOf(ask);
  return first ? labelOf(column, first) : '';
}

function noteOf(column: Column): string {
  const { key, ask } = column;
  const kind = {
    text: '文字',
    number: '整数',
    day: '日期，如 2025-03-02',
    yes_no: '是 / 否',
    choice: '从下拉列表选择',
    many: '可多项，用顿号分开',
    id: '编号',
    place: '地点代码',
  }[ask.kind];
  const options = optionsOf(ask).map((option) => labelOf(column, option));
  return [
    `${zh(`field.${key}`)} / ${en(`field.${key}`)}`,
    ask.required ? '必填' : '选填',
    kind,
    ...(ask.kind === 'number' ? [`${ask.min} – ${ask.max}`] : []),
    ...(options.length ? [options.join('、')] : []),
  ].join('\n');
}

/** Writes the workbook back with every refused cell coloured and the reason noted; a file of another kind gives a list of its refusals. */
export async function writeMarked(source: string, refusals: readonly Refusal[], path: string): Promise<void> {
  const workbook = new Workbook();
  if (/\.xlsx$/i.test(source)) await workbook.xlsx.readFile(source);
  for (const refusal of refusals) markCell(workbook, refusal);
  const list = workbook.addWorksheet('未接受的内容 Refused');
  list.columns = [
    { header: '工作表', width: 18 },
    { header: '行', width: 8 },
    { header: '列', width: 20 },
    { header: '值', width: 24 },
    { header: '原因', width: 50 },
    { header: 'Reason', width: 50 },
    { header: '规则', width: 24 },
  ] as never;
  for (const { sheet, row, column, value, rule, says } of refusals) list.addRow([zhName(sheet), row, zh(`field.${column}`), value, says.zh, says.en, rule]);
  await workbook.xlsx.writeFile(path);
}

const zhName = (name: string) => sheets.find((sheet) => sheet.name === name)?.zh ?? name;

function markCell(workbook: Workbook, { sheet: name, row, column, says }: Refusal): void {
  const known = sheets.find((one) => one.name === name);
  const sheet = known && [known.zh, known.name, known.en].map((each) => workbook.getWorksheet(each)).find(Boolean);
  if (!sheet) return;
  const headings = (sheet.getRow(1).values as unknown[]).map((heading) =>
    String(heading ?? '')
      .replace(/[*＊]$/, '')
      .trim(),
  );
  const at = Math.max(
    1,
    headings.findIndex((heading) => [column, zh(`field.${column}`), en(`field.${column}`)].includes(heading)),
  );
  const cell = sheet.getCell(row, at);
  cell.fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: filled.wrong } } as never;
  cell.note = `${says.zh}\n${says.en}`;
}
