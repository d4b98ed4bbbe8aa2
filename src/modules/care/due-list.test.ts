import { describe, expect, it } from 'vitest';
import { loadPacks } from '../../platform/packs.ts';
import { type DueRow, dueList } from './due-list.ts';
import { schedulesOf } from './server-schedules.ts';

const row = (change: Partial<DueRow> = {}): DueRow => ({
  id: '1',
  client_id: 'c',
  place_code: '110118101001',
  kind: 'procedure',
  step: 1,
  opens_on: '2026-03-01',
  due_on: '2026-03-16',
  closes_on: '2026-03-31',
  done_on: null,
  status: 'requested',
  consented: true,
  voided: false,
  ...change,
});
const { kinds } = schedulesOf(loadPacks(['cn']));
const agreed = new Map([['c', { name: '甲', purposes: ['care', 'follow_up'] }]]);
const on = (day: string, change: Partial<DueRow> = {}) => dueList([row(change)], agreed, kinds, day).map((task) => task.state);

describe('the due list', () => {
  it('shows a follow-up a week before its window, in it, late, and no more once it has expired', () => {
    expect(on('2026-02-21')).toEqual([]);
    expect(on('2026-02-22')).toEqual(['soon']);
    expect(on('2026-03-01')).toEqual(['open']);
    expect(on('2026-03-31')).toEqual(['open']);
    expect(on('2026-04-01')).toEqual(['late']);
    expect(on('2026-04-30')).toEqual(['late']);
    expect(on('2026-05-01')).toEqual([]);
  });
  it('[R2, R4] has nobody who declined, did not agree, is done, void or unknown', () => {
    for (const change of [{ consented: false }, { status: 'cancelled' }, { done_on: '2026-03-10' }, { voided: true }, { client_id: 'gone' }])
      expect(on('2026-03-10', change)).toEqual([]);
    expect(dueList([row()], new Map([['c', { name: '甲', purposes: ['care'] }]]), kinds, '2026-03-10')).toEqual([]);
  });
  it('puts late before open, and an operation before condoms', () => {
    const rows = [
      row({ id: 'condoms', kind: 'contraceptive' }),
      row({ id: 'operation' }),
      row({ id: 'late', kind: 'contraceptive', opens_on: '2026-01-01', due_on: '2026-02-01', closes_on: '2026-03-01' }),
    ];
    expect(dueList(rows, agreed, kinds, '2026-03-10').map((task) => task.id)).toEqual(['late', 'operation', 'condoms']);
  });
});
