import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, Problem } from '../kit/problem.ts';
import { root } from './config.ts';

export type Language = 'zh' | 'en';

/** All words of one language, from the kit's file and every chapter's, by dotted key. */
export function wordsOf(language: Language): Record<string, string> {
  const chapters = readdirSync(join(root, 'src/modules')).map((chapter) => join(root, 'src/modules', chapter));
  const files = [join(root, 'src/kit'), join(root, 'src/web'), ...chapters].map((folder) => join(folder, `words.${language}.json`));
  return Object.assign({}, ...files.map((file) => JSON.parse(readFileSync(file, 'utf8'))));
}

/** Says a key in a language, with {{values}} filled in; the key itself when there are no words for it. */
export function sayer(language: Language): (key: string, values?: Record<string, unknown>) => string {
  const words = wordsOf(language);
  return (key, values = {}) => (words[key] ?? key).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** A finding as a sentence: the field's name and what is wrong with it. */
export function sentence(say: ReturnType<typeof sayer>, finding: Finding): string {
  const field = finding.field ? `${say(`field.${finding.field}`)}：` : '';
  return `${field}${say(`rule.${finding.rule}`, finding.values)}`;
}

/** A Problem in both languages, one finding a line; undefined when the error is none. */
export function problemWords(error: unknown): string | undefined {
  if (!(error instanceof Problem)) return undefined;
  const say = [sayer('zh'), sayer('en')];
  return error.findings.map((finding) => say.map((each) => sentence(each, finding)).join('\n')).join('\n');
}
