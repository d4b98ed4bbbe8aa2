import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { Finding } from '../kit/problem.ts';

export type Language = 'zh' | 'en';

const files = { zh: () => import('virtual:words.zh'), en: () => import('virtual:words.en') };

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return;
  i18next.addResourceBundle(language, 'translation', (await files[language]()).words);
}

/** Starts with the language chosen last, Chinese at first. */
export async function startWords(): Promise<void> {
  const language = localStorage.getItem('language') === 'en' ? 'en' : 'zh';
  await i18next
    .use(initReactI18next)
    .init({ lng: language, fallbackLng: false, resources: {}, keySeparator: false, nsSeparator: false, interpolation: { escapeValue: false } });
  await load(language);
  await speak(language);
}

/** Changes the language of everything. */
export async function speak(language: Language): Promise<void> {
  await load(language);
  await i18next.changeLanguage(language);
  localStorage.setItem('language', language);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

/** Day and time written as 2026-11-22 20:13, in the county's zone. */
const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' });

/** Says things in the chosen language: words by key, names that carry both languages, fields' options, findings, numbers. */
export function useSay() {
  const { t, i18n } = useTranslation();
  const language = (i18n.language === 'en' ? 'en' : 'zh') as Language;
  const say = (key: string, values: Record<string, unknown> = {}) => t(key, values);
  const known = (key: string, otherwise: string) => (i18n.exists(key) ? t(key) : otherwise);
  return {
    language,
    say,
    name: (both: { zh: string; en: string }) => both[language],
    placeName: (place: { name_zh: string; name_en: string | null } | undefined) =>
      place ? (language === 'en' && place.name_en ? place.name_en : shortName(place.name_zh)) : '',
    option: (field: string, value: string) => known(`option.${field}.${value}`, known(`option.${value}`, value)),
    finding: (finding: Finding, withField = true) =>
      `${withField && finding.field ? `${known(`field.${finding.field}`, finding.field)}${language === 'zh' ? '：' : ': '}` : ''}${t(`rule.${finding.rule}`, finding.values ?? {})}`,
    /** A moment as the clock on the county's wall shows it. */
    moment: (at: string) => clock.format(new Date(at)),
    number: (value: number, digits = 0) =>
      new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en', { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value),
  };
}

/** A village's name as people say it, without the office's title. */
export function shortName(name: string): string {
  return name.replace(/(村|居)民委员会$/, (_, kind: string) => (kind === '村' ? '村' : '')).replace(/社区$/, '社区');
}
