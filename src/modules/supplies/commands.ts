import { sql } from 'kysely';
import type { Day } from '../../kit/day.ts';
import { handle, type Room, refuseEach } from '../../platform/room.ts';
import { receiveStock } from './stock.ts';

/** A movement of stock as another chapter asks for it: out is negative. */
export interface Movement {
  id: string;
  place_code: string;
  facility_id: string;
  product_code: string;
  kind: 'receive' | 'adjust' | 'issue' | 'return';
  moved_on: Day;
  quantity: number;
  visit_id?: string | undefined;
  seq: number;
}

/** Writes movements and brings the stock on hand up to date. Stock may fall below nothing: what was given was given, the count is put right later. */
export async function moveStock(room: Room, movements: readonly Movement[]): Promise<void> {
  if (movements.length === 0) return;
  const { county_code } = room;
  await room.insertRows(
    'supplies.stock_movement',
    movements.map((movement) => ({ county_code, ...movement })),
  );
  const sums = new Map<string, { facility_id: string; product_code: string; quantity: number; seq: number }>();
  for (const { facility_id, product_code, quantity, seq } of movements) {
    const key = `${facility_id} ${product_code}`;
    const sum = sums.get(key) ?? { facility_id, product_code, quantity: 0, seq };
    sums.set(key, { ...sum, quantity: sum.quantity + quantity, seq: Math.max(sum.seq, seq) });
  }
  await room.insertRows(
    'supplies.stock_on_hand',
    [...sums.values()].map((sum) => ({ county_code, ...sum })),
    'on conflict (county_code, facility_id, product_code) do update set quantity = stock_on_hand.quantity + excluded.quantity, seq = excluded.seq',
  );
}

export const suppliesCommands = [
  handle(receiveStock, async (room, entries) => {
    const numbers = entries.map(({ input }) => input.facility_number);
    const { rows } = await sql<{ id: string; facility_number: string }>`
      select id, facility_number from registry.facility where county_code = ${room.county_code} and facility_number = any(${numbers})`.execute(room.db);
    const ids = new Map(rows.map((row) => [row.facility_number, row.id]));
    const lawful = refuseEach(entries, ({ input }) => {
      if (!ids.has(input.facility_number)) return [{ field: 'facility_number', rule: 'unknown_facility', values: { value: input.facility_number } }];
      if (!room.packs.products.has(input.product_code)) return [{ field: 'product_code', rule: 'unknown_product', values: { value: input.product_code } }];
      return input.kind === 'receive' && input.quantity <= 0 ? [{ field: 'quantity', rule: 'more_than_nothing' }] : [];
    });
    await moveStock(
      room,
      lawful.map(({ id, seq, input }) => ({
        id,
        seq,
        facility_id: ids.get(input.facility_number) as string,
        place_code: input.place_code,
        product_code: input.product_code,
        kind: input.kind,
        moved_on: input.moved_on,
        quantity: input.quantity,
      })),
    );
  }),
];
