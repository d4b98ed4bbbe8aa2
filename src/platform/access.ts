import { Problem } from '../kit/problem.ts';
import { isWithin } from '../kit/scope.ts';
import type { Scope } from './database.ts';

/** A duty: what its holder may do and ask, as two lists that can be read aloud. */
export interface Role {
  name: string;
  commands: readonly string[];
  reads: readonly string[];
  /** Sees clients' rows in its place: the care team. Row-level security shows them to nobody else. */
  people?: boolean;
  /** Works at a desk of rights, and reads nothing of the care. */
  desk?: 'complaints' | 'privacy';
  /** Does and asks only what concerns its holder: the client. */
  own?: boolean;
}

/** Who acts: an account under one of its duties at the place it is held for, or a client with her own record. */
export interface Actor extends Scope {
  account_id: string;
  display_name: string;
  role: Role;
  session_id?: string | undefined;
  duty_id?: string | undefined;
  facility_id?: string | undefined;
  health_worker_id?: string | undefined;
  /** Signed in with a password that must be changed before anything else. */
  must_change?: boolean;
}

/** What row-level security is told of an actor. */
export const scopeOf = (role: Role): Pick<Scope, 'people' | 'desk'> => ({ people: role.people ?? false, desk: role.desk });

export const nobodyId = '00000000-0000-7000-8000-000000000000';

/** The program itself: loads the demonstration county, imports at the command line. May everything, in one county. */
export function theProgram(county_code: string, commands: readonly string[]): Actor {
  return {
    account_id: nobodyId,
    display_name: 'zhiyuan',
    county_code,
    place_code: county_code,
    people: true,
    role: { name: 'program', commands, reads: [], people: true },
  };
}

/** Passes, or a Problem `forbidden`. Asked before anything is looked up, so that a refusal tells nothing about what exists. */
export function allow(actor: Actor, list: 'commands' | 'reads', name: string, placeCode?: string): void {
  if (actor.must_change && name !== 'session') throw new Problem('forbidden', { field: 'password', rule: 'change_password_first' });
  if (!actor.role[list].includes(name)) throw new Problem('forbidden', { field: name, rule: 'not_your_duty' });
  if (placeCode !== undefined && !isWithin(placeCode, actor.place_code)) throw new Problem('forbidden', { field: 'place_code', rule: 'not_your_place' });
}
