import { describe, expect, it } from 'vitest';
import { aClient, aVisit } from '../../testing/house.ts';
import { unlikelyInClient } from '../registry/client.ts';
import { unlikelyInVisit } from './visit.ts';

const today = '2025-04-01';
const client = { id: 'c', sex: 'female', born_on: '1990-05-01' };
const rules = (change: Parameters<typeof aVisit>[1], born_on = client.born_on, cap?: number) =>
  unlikelyInVisit(aVisit('c', change), { ...client, born_on }, today, cap).map((finding) => finding.rule);

describe('what is unlikely is asked about once', () => {
  it('a visit of today, of a woman of thirty, within the yearly cap: nothing', () => {
    expect(rules({ visited_on: today, served_on: today }, undefined, 120)).toEqual([]);
  });
  it('long ago, served long after, a child, more than a year’s worth, dear', () => {
    expect(rules({ visited_on: '2025-01-30', served_on: '2025-01-30' })).toEqual(['unlikely_long_ago']);
    expect(rules({ visited_on: '2025-01-31', served_on: '2025-01-31' })).toEqual([]);
    expect(rules({ visited_on: '2025-02-01', served_on: '2025-04-03' })).toEqual(['unlikely_long_after']);
    expect(rules({ visited_on: today, served_on: today }, '2012-01-01')).toEqual(['unlikely_age']);
    expect(rules({ visited_on: today, served_on: today, quantity: 121 }, undefined, 120)).toEqual(['unlikely_much']);
    expect(rules({ visited_on: today, served_on: today, charge_fen: 100_001 })).toEqual(['unlikely_charge']);
  });
  it('a client of twelve, or one who came last year', () => {
    expect(unlikelyInClient(aClient({ contacted_on: today }) as never, today)).toEqual([]);
    expect(unlikelyInClient(aClient({ contacted_on: '2024-04-01', born_on: '2013-01-01' }) as never, today).map((finding) => finding.rule)).toEqual([
      'unlikely_age',
      'unlikely_long_ago',
    ]);
  });
});
