import { type Day, isDay } from '../../kit/day.ts';
import type { Finding } from '../../kit/problem.ts';

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** What is wrong with an 18-digit national ID number by GB 11643-1999: check digit, day of birth, and agreement with what else is known. */
export function checkNationalId(number: string, bornOn?: Day, sex?: string): Finding[] {
  const id = number.toUpperCase();
  const wrong = (rule: string): Finding[] => [{ field: 'id_number', rule }];
  if (!/^\d{17}[\dX]$/.test(id)) return wrong('not_an_id_number');
  const sum = weights.reduce((total, weight, index) => total + weight * Number(id[index]), 0);
  if ('10X98765432'[sum % 11] !== id[17]) return wrong('id_number_check_digit');
  const born = `${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`;
  if (!isDay(born)) return wrong('id_number_birth_day');
  if (bornOn && born !== bornOn) return wrong('id_number_not_birth_day');
  if (sex && (Number(id[16]) % 2 === 1) !== (sex === 'male')) return wrong('id_number_not_sex');
  return [];
}

/** The check digit that completes seventeen digits. */
export function nationalIdWithCheck(seventeen: string): string {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(seventeen[index]), 0);
  return seventeen + '10X98765432'[sum % 11];
}
