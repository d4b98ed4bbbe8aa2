import { pinyin } from 'pinyin-pro';

/** How a name is found: its sound without tones, and its initials. 吕 sounds `lv`; a name in Latin letters is its own sound. */
export function nameKeys(name: string): { name_pinyin: string; name_initials: string } {
  if (!/[\u3400-\u9fff]/.test(name)) {
    const letters = name
      .toLowerCase()
      .normalize('NFD')
      .replace(/[^a-z0-9 ]/g, '');
    return {
      name_pinyin: letters.replaceAll(' ', ''),
      name_initials: letters
        .split(' ')
        .map((word) => word[0] ?? '')
        .join(''),
    };
  }
  const syllables = pinyin(name, { mode: 'surname', toneType: 'none', type: 'array', v: true, nonZh: 'consecutive' }).map((syllable) =>
    syllable
      .toLowerCase()
      .replaceAll('ü', 'v')
      .replace(/[^a-z0-9]/g, ''),
  );
  return { name_pinyin: syllables.join(''), name_initials: syllables.map((syllable) => syllable[0] ?? '').join('') };
}

/** A phone number as it is compared: digits only, the national prefix cut. */
export function plainPhone(phone: string): string {
  return phone.replace(/\D/g, '').replace(/^86(?=1\d{10}$)/, '');
}
