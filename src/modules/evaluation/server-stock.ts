import { sql } from 'kysely';
import type { Day } from '../../kit/day.ts';
import type { Counting } from './server-counting.ts';

/** A month of a facility's shelves whose days were counted anew and came out otherwise. */
export interface StockMonth {
  place_code: string;
  facility_id: string;
  month_on: Day;
}

/** The shelves (facility and product) that the journal's numbers in (`after`, `head`] touched: by visits, as they are and as they were, and by what was received. */
async function shelvesTouched(db: Counting, county: string, after: number, head: number): Promise<{ facility_id: string; product_code: string }[]> {
  const since = (alias: string) => sql.raw(`${alias}.seq > ${Number(after)} and ${alias}.seq <= ${Number(head)}`);
  const { rows } = await sql<{ facility_id: string; product_code: string }>`
    select v.facility_id, v.product_code from care.visit v where v.county_code = ${county} and ${since('v')} and v.product_code is not null
    union select (b.row ->> 'facility_id')::uuid, b.row ->> 'product_code' from care.visit_before b where b.county_code = ${county} and ${since('b')} and b.row ->> 'product_code' is not null
    union select f.id, e.input ->> 'product_code' from journal.entry e
      join registry.facility f on f.county_code = ${county} and f.facility_number = e.input ->> 'facility_number'
      where e.county_code = ${county} and ${since('e')} and e.command = 'supplies.receive'`.execute(db);
  return rows;
}

/**
 * Counts, for each shelf and month up to `today`, the days with and without stock: from the first movement on, a day has stock when what came
 * in exceeds what went out at its end. Late movements change what followed them. Of the shelves touched in (`after`, `head`], or of all when
 * `after` is undefined; gives the months that came out otherwise than they were kept.
 */
export async function countStock(db: Counting, county: string, today: Day, after: number | undefined, head: number): Promise<StockMonth[]> {
  const shelves = after === undefined ? undefined : await shelvesTouched(db, county, after, head);
  if (shelves?.length === 0) return [];
  const those = shelves
    ? sql`unnest(${shelves.map((one) => one.facility_id)}::uuid[], ${shelves.map((one) => one.product_code)}::text[]) as w(facility_id, product_code)
        join supplies.stock_movement m on m.county_code = ${county} and m.facility_id = w.facility_id and m.product_code = w.product_code`
    : sql`supplies.stock_movement m`;
  const { rows } = await sql<StockMonth>`
    with moves as (
      select m.facility_id, m.product_code, m.moved_on, sum(m.quantity) as net from ${those}
       where m.county_code = ${county} and m.moved_on <= ${today}::date group by 1, 2, 3
    ), balances as (
      select facility_id, product_code, moved_on as from_on, coalesce(lead(moved_on) over w, ${today}::date + 1) as until_on, sum(net) over w > 0 as stocked
        from moves window w as (partition by facility_id, product_code order by moved_on)
    ), spans as (
      select b.facility_id, b.product_code, b.stocked, month::date as month_on,
             least(b.until_on, (month + interval '1 month')::date) - greatest(b.from_on, month::date) as days
        from balances b cross join lateral generate_series(date_trunc('month', b.from_on::timestamp), (b.until_on - 1)::timestamp, interval '1 month') as month
    ), fresh as (
      select s.facility_id, s.product_code, s.month_on, k.stocked, coalesce(sum(s.days) filter (where s.stocked = k.stocked), 0)::int as days
        from spans s cross join (values (true), (false)) as k(stocked) group by 1, 2, 3, 4
    )
    insert into evaluation.stock_month as kept (county_code, facility_id, product_code, month_on, stocked, place_code, days)
      select ${county}, n.facility_id, n.product_code, n.month_on, n.stocked, f.place_code, n.days
        from fresh n join registry.facility f on f.county_code = ${county} and f.id = n.facility_id
      on conflict (county_code, facility_id, product_code, month_on, stocked) do update set days = excluded.days where kept.days <> excluded.days
      returning place_code, facility_id, month_on`.execute(db);
  return rows;
}
