import { command } from '../../kit/command.ts';
import { choice, day, form, number, place, text } from '../../kit/form.ts';

/** Stock comes in at a facility, or is put right after a count. Issues are written by the visits that give something out. */
export const receiveStock = command({
  name: 'supplies.receive',
  form: form('stock', {
    place_code: place({ required: true, example: '110118101' }),
    facility_number: text({ required: true, max: 40, example: 'F-101' }),
    product_code: text({ required: true, max: 40, example: 'condom' }),
    kind: choice({ required: true, options: ['receive', 'adjust'] }),
    moved_on: day({ required: true, example: '2025-01-05' }),
    quantity: number({ required: true, min: -1_000_000, max: 1_000_000, example: '2400' }),
  }),
  place: (stock) => stock.place_code,
  happened_on: (stock) => stock.moved_on,
});
