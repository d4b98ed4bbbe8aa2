import { addDays } from '../kit/day.ts';
import type { Item } from '../platform/room.ts';
import type { Chance } from './chance.ts';
import type { DemoFacility } from './ground.ts';

/** The demonstration's accounts; the password is for a machine of one's own and stands in the README. */
export const demoAccounts = [
  { login: 'county', display_name: '县站医师（演示）', role: 'county_clinician', place_code: '110118', facility: 'S-000' },
  { login: 'statistics', display_name: '县统计员（演示）', role: 'statistician', place_code: '110118', facility: 'S-000' },
  { login: 'planner', display_name: '县规划员（演示）', role: 'planner', place_code: '110118' },
  { login: 'township', display_name: '溪翁庄镇医师（演示）', role: 'township_clinician', place_code: '110118101', facility: 'T-005' },
  { login: 'village', display_name: '北白岩村医（演示）', role: 'village_worker', place_code: '110118101200' },
  { login: 'officer', display_name: '溪翁庄镇计生办（演示）', role: 'township_officer', place_code: '110118101' },
  { login: 'supply', display_name: '药具管理员（演示）', role: 'supply_officer', place_code: '110118' },
  { login: 'assessor', display_name: '外部评估员（演示）', role: 'assessor', place_code: '110118' },
  { login: 'ombuds', display_name: '监督员（演示）', role: 'ombudsperson', place_code: '110118' },
  { login: 'privacy', display_name: '个人信息保护负责人（演示）', role: 'privacy_officer', place_code: '110118' },
  { login: 'admin', display_name: '管理员（演示）', role: 'administrator', place_code: '110118' },
] as const;
const today = new Date().toISOString().slice(0, 10);
/** The demonstration's assessor holds the duty for a year from the day it is loaded. */
const assessorTerm = { from_on: today, until_on: addDays(today, 365) };
export const demoPassword = 'zhiyuan-demo';

/** The commands that open the accounts. */
export function accountItems(chance: Chance, facilities: readonly DemoFacility[]): Item[] {
  return demoAccounts.map((account) => {
    const { login, display_name, role, place_code } = account;
    const facility = facilities.find((one) => ('facility' in account ? one.number === account.facility : one.place === place_code));
    const worker = facility?.workers[0];
    return {
      id: chance.id('2021-01-01'),
      name: 'access.open_account',
      input: {
        account_id: chance.id('2021-01-01'),
        login,
        display_name,
        role,
        place_code,
        password: demoPassword,
        // From outside, and for a term.
        ...(role === 'assessor' ? assessorTerm : {}),
        ...(facility ? { facility_id: facility.id } : {}),
        ...(worker ? { health_worker_id: worker.id } : {}),
      },
    };
  });
}
