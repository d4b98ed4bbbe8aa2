import { Problem } from '../kit/problem.ts';
import { isWithin } from '../kit/scope.ts';
import type { Scope } from './database.ts';

/** A duty: what its holder may do and ask, as two lists that can be read aloud. */
export interface Role {
  name: string;
  commands: readonly string[];
  reads: readonly string[];
}

/** Who acts: an account, its duty, and the place it holds. */
export interface Actor extends Scope {
  account_id: string;
  display_name: string;
  role: Role;
  facility_id?: string | undefined;
  health_worker_id?: string | undefined;
}

/** The program itself: loads the demonstration county, imports at the command line. May everything, in one county. */
export function theProgram(county_code: string, commands: readonly string[]): Actor {
  return {
    account_id: '00000000-0000-7000-8000-000000000000',
    display_name: 'zhiyuan',
    county_code,
    place_code: county_code,
    role: { name: 'program', commands, reads: [] },
  };
}

/** Passes, or a Problem `forbidden`. Asked before anything is looked up, so that a refusal tells nothing about what exists. */
export function allow(actor: Actor, list: 'commands' | 'reads', name: string, placeCode?: string): void {
  if (!actor.role[list].includes(name)) throw new Problem('forbidden', { field: name, rule: 'not_your_duty' });
  if (placeCode !== undefined && !isWithin(placeCode, actor.place_code)) throw new Problem('forbidden', { field: 'place_code', rule: 'not_your_place' });
}
