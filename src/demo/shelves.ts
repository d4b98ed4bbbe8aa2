import { addDays, firstDay } from '../kit/day.ts';
import { idWithin } from '../kit/id.ts';
import type { Visit } from '../modules/care/visit.ts';
import type { Item } from '../platform/room.ts';
import { Chance } from './chance.ts';
import { type Ground, lastOn } from './ground.ts';

interface Shelf {
  facility_id: string;
  product_code: string;
  left: number;
  /** What goes in a month, the last months weighing most. */
  monthly: number;
  given: number;
}

/** What the demonstration's facilities have on their shelves: filled up each month where little is left; some deliveries come late. */
export class Shelves {
  // Chance of its own: deliveries change nothing of who comes when.
  readonly #chance = new Chance(77);
  readonly #shelves = new Map<string, Shelf>();
  readonly #facilities: Map<string, { number: string; place: string }>;

  constructor(ground: Ground) {
    this.#facilities = new Map([...ground.stationOf.values(), ...ground.roomOf.values()].map((one) => [one.id, one]));
    const byNumber = new Map([...this.#facilities].map(([id, { number }]) => [number, id]));
    for (const { name, input } of ground.items) {
      if (name !== 'supplies.receive') continue;
      const { facility_number, product_code, quantity } = input as { facility_number: string; product_code: string; quantity: number };
      const id = byNumber.get(facility_number);
      if (id) this.#shelf(id, product_code).left = quantity;
    }
  }

  #shelf(facility_id: string, product_code: string): Shelf {
    const key = `${facility_id} ${product_code}`;
    const shelf = this.#shelves.get(key) ?? { facility_id, product_code, left: 0, monthly: 0, given: 0 };
    this.#shelves.set(key, shelf);
    return shelf;
  }

  give({ facility_id, product_code, quantity }: Visit): void {
    if (!product_code || !quantity) return;
    const shelf = this.#shelf(facility_id, product_code);
    shelf.left -= quantity;
    shelf.given += quantity;
  }

  /** The month's deliveries: three months' worth where less than one is left. */
  deliveries(month: number): Item[] {
    const items: Item[] = [];
    for (const shelf of this.#shelves.values()) {
      shelf.monthly = shelf.monthly === 0 ? shelf.given : 0.6 * shelf.monthly + 0.4 * shelf.given;
      shelf.given = 0;
      const facility = this.#facilities.get(shelf.facility_id);
      if (!facility || shelf.left >= shelf.monthly) continue;
      const quantity = Math.ceil(3 * shelf.monthly - Math.min(0, shelf.left)) + 5;
      const moved_on = addDays(firstDay(month), this.#chance.hits(0.12) ? this.#chance.between(9, 26) : this.#chance.between(0, 4));
      if (moved_on > lastOn) continue;
      shelf.left += quantity;
      const input = { place_code: facility.place, facility_number: facility.number, product_code: shelf.product_code, kind: 'receive', moved_on, quantity };
      items.push({ id: idWithin(this.#chance.id(moved_on), 59_000), name: 'supplies.receive', input });
    }
    return items;
  }
}
