import { Stop } from '../../platform/config.ts';
import type { Packs } from '../../platform/packs.ts';
import { type Schedules, schedulesSchema } from './schedule.ts';

/** The schedules of a house's packs, read once; what breaks their schema stops the program with its field. */
export function schedulesOf(packs: Packs): Schedules {
  let schedules = known.get(packs);
  if (!schedules) {
    const read = schedulesSchema.safeParse(packs.schedules);
    if (!read.success) throw new Stop(`schedules.json\n${read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')}`);
    schedules = read.data as Schedules;
    known.set(packs, schedules);
  }
  return schedules;
}
const known = new WeakMap<object, Schedules>();
