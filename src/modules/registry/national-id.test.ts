import { expect, it } from 'vitest';
import { nameKeys, plainPhone } from './name-keys.ts';
import { checkNationalId, nationalIdWithCheck } from './national-id.ts';

it('GB 11643: the published examples have the right check digit, one digit changed fails', () => {
  expect(checkNationalId('11010519491231002X')).toEqual([]);
  expect(checkNationalId('440524188001010014')).toEqual([{ field: 'id_number', rule: 'id_number_birth_day' }]);
  expect(checkNationalId('110105194912310021')[0]?.rule).toBe('id_number_check_digit');
  expect(checkNationalId('11010519491231002x', '1949-12-31', 'female')).toEqual([]);
  expect(checkNationalId('11010519491231002X', '1949-12-30')[0]?.rule).toBe('id_number_not_birth_day');
  expect(checkNationalId('11010519491231002X', '1949-12-31', 'male')[0]?.rule).toBe('id_number_not_sex');
  expect(checkNationalId(nationalIdWithCheck('99011819900501002'))).toEqual([]);
});

it('names are found by their sound, surnames by their own', () => {
  expect(['单田芳', '仇英', '曾国', '查良', '解晓东', '尉迟恭', '欧阳修', '吕布'].map((name) => nameKeys(name).name_pinyin)).toEqual([
    'shantianfang',
    'qiuying',
    'zengguo',
    'zhaliang',
    'xiexiaodong',
    'yuchigong',
    'ouyangxiu',
    'lvbu',
  ]);
  expect(nameKeys('Anna Maria')).toEqual({ name_pinyin: 'annamaria', name_initials: 'am' });
  expect(plainPhone('+86 138-0000-0000')).toBe('13800000000');
});
