import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corridors, handlers, listeners, roles, routes } from './app.ts';
import { sheets } from './modules/exchange/sheet.ts';
import { root } from './platform/config.ts';
import { doorsOf } from './platform/http.ts';
import { wordsOf } from './platform/words.ts';

const corridorReads = doorsOf(corridors).map((door) => door.needs);
const modules = join(root, 'src/modules');
const files = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file) && !/test\.ts$/.test(file));
const text = (file: string) => readFileSync(join(modules, file), 'utf8');

describe('what a compiler cannot say', () => {
  it('only chapter X writes schema X', () => {
    for (const file of files) {
      const chapter = file.split('/')[0];
      const written = [
        ...text(file).matchAll(
          /(?:insertRows\(\s*|updateRows\(\s*|update |insert into |delete from |table of \[)'?(?:\$\{sql\.raw\()?'?(registry|rights|supplies|care|evaluation|exchange)\./g,
        ),
      ].map((match) => match[1]);
      for (const schema of written) expect(schema, file).toBe(chapter);
    }
  });
  it('every command is in a role, every role names only commands and questions there are', () => {
    const held = new Set([...roles.values()].flatMap((role) => role.commands));
    for (const name of handlers.keys()) expect(held.has(name), name).toBe(true);
    for (const name of held) expect(handlers.has(name), name).toBe(true);
    const reads = new Set([...routes.map((route) => route.read), ...corridorReads]);
    for (const role of roles.values()) for (const read of role.reads) expect(reads.has(read), `${role.name} ${read}`).toBe(true);
  });
  it('the administrator has no access to content', () => {
    const administrator = roles.get('administrator');
    expect(administrator?.people).toBeUndefined();
    expect(administrator?.commands.every((name) => name.startsWith('access.'))).toBe(true);
    expect(administrator?.reads).toEqual(['session', 'places', 'accounts']);
  });
  it('[R7] every question that only the care team may ask writes down who looked', () => {
    const outside = new Set([...roles.values()].filter((role) => !role.people && role.name !== 'client').flatMap((role) => role.reads));
    for (const route of routes.filter((each) => !outside.has(each.read) && !['imports', 'my_access', 'consent_texts'].includes(each.read)))
      expect(route.looks, route.read).toBeDefined();
  });
  it('every listener hears a command there is', () => {
    for (const listener of listeners) expect(handlers.has(listener.hears), listener.hears).toBe(true);
  });
  it('handlers know no clock and no chance: replay would lie', () => {
    for (const file of files.filter((each) => /\/commands\.ts$/.test(each) && !each.startsWith('exchange')))
      expect(/Date\.now|new Date\(\)|Math\.random|newId\(/.test(text(file)), file).toBe(false);
  });
  it('[R13] no table keeps where a worker is', () => {
    const schema = readdirSync(join(root, 'db/migrations'))
      .map((file) => readFileSync(join(root, 'db/migrations', file), 'utf8'))
      .join();
    expect(/latitude|longitude|geo_?point|\blocation\b/i.test(schema)).toBe(false);
  });
  it('[RIGHTS] nothing that must never be collected has a field', () => {
    const fields = [...handlers.values()].flatMap(({ command }) => Object.keys(command.form.asks));
    for (const field of fields) expect(/permit|quota|fee_owed|spouse|husband|informant|pregnan|hiding/.test(field), field).toBe(false);
  });
});

describe('styles', () => {
  it('every component the pages use brings its style sheet, and no other is carried', () => {
    const pages = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.tsx'));
    const source = pages.map((file) => readFileSync(join(root, 'src', file), 'utf8')).join('\n');
    const used = new Set(
      [...source.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)].flatMap((match) => (match[1] as string).split(',').map((name) => name.trim())),
    );
    const brought = readFileSync(join(root, 'src/web/mantine.css'), 'utf8');
    const sheets = readdirSync(join(root, 'node_modules/@mantine/core/styles')).filter((file) => /^[A-Z]\w+\.css$/.test(file));
    for (const sheet of sheets.map((file) => file.slice(0, -4)).filter((name) => used.has(name))) expect(brought, sheet).toContain(`/${sheet}.css`);
    const parts = [
      'ScrollArea',
      'UnstyledButton',
      'VisuallyHidden',
      'Popover',
      'CloseButton',
      'Input',
      'InlineInput',
      'FloatingIndicator',
      'ActionIcon',
      'Combobox',
    ];
    for (const [, name] of brought.matchAll(/\/([A-Z]\w+)\.css/g)) expect(used.has(name as string) || parts.includes(name as string), name).toBe(true);
  });
});

describe('words', () => {
  const [zh, en] = [wordsOf('zh'), wordsOf('en')];
  it('no key is said twice', () => {
    const said = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('words.zh.json'))
      .flatMap((file) => Object.keys(JSON.parse(readFileSync(join(root, 'src', file), 'utf8'))));
    expect(said.filter((key, index) => said.indexOf(key) !== index)).toEqual([]);
  });
  it('both languages say the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });
  it('every field and option of every form is named', () => {
    const asks = [
      ...[...handlers.values()].flatMap(({ command }) => Object.entries(command.form.asks)),
      ...sheets.flatMap((sheet) => sheet.columns.map(({ key, ask }) => [key, ask] as const)),
    ];
    for (const [field, ask] of asks) {
      if (ask.hidden || ['follow_up_id'].includes(field)) continue;
      expect(zh[`field.${field}`], field).toBeDefined();
      if (ask.kind === 'choice' || ask.kind === 'many')
        for (const option of ask.options) expect(zh[`option.${field}.${option}`], `${field} ${option}`).toBeDefined();
    }
  });
  it('every rule that code can give has words', () => {
    const all = [
      ...files.map(text),
      ...readdirSync(join(root, 'src/platform'))
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(join(root, 'src/platform', file), 'utf8')),
      readFileSync(join(root, 'src/kit/form.ts'), 'utf8'),
    ].join('\n');
    const rules = new Set([...all.matchAll(/rule: '([a-zA-Z0-9_]+)'/g)].map((match) => match[1] as string));
    expect(rules.size).toBeGreaterThan(60);
    for (const rule of rules) expect(zh[`rule.${rule}`], rule).toBeDefined();
  });
});
