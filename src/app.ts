import type { TaskList } from 'graphile-worker';
import { careCommands, careListeners } from './modules/care/commands.ts';
import { careRoutes } from './modules/care/routes.ts';
import { evaluationRoutes } from './modules/evaluation/routes.ts';
import { exchangeCorridors, workOnImport } from './modules/exchange/commands.ts';
import { exchangeRoutes } from './modules/exchange/routes.ts';
import { registryCommands } from './modules/registry/commands.ts';
import { registryRoutes } from './modules/registry/routes.ts';
import { suppliesCommands } from './modules/supplies/commands.ts';
import type { Role } from './platform/access.ts';
import { accountCommands } from './platform/account.ts';
import type { Corridor } from './platform/http.ts';
import { type Pulled, pullCorridor } from './platform/pull.ts';
import type { Handler, House, Listener } from './platform/run.ts';

/** Everything that can happen. */
export const handlers: ReadonlyMap<string, Handler> = new Map(
  [...accountCommands, ...registryCommands, ...suppliesCommands, ...careCommands].map((handler) => [handler.command.name, handler]),
);

/** Who hears whom. */
export const listeners: readonly Listener[] = [...careListeners];

/** Everything that can be asked. */
export const routes = [...registryRoutes, ...careRoutes, ...evaluationRoutes, ...exchangeRoutes];

/** What goes down to phones. */
export const pulled: readonly Pulled[] = [
  {
    table: 'registry.client',
    columns: ['id', 'place_code', 'record_number', 'name', 'name_pinyin', 'sex', 'born_on', 'residence', 'follow_up_consented', 'merged_into_id', 'version'],
  },
  {
    table: 'care.visit',
    columns: ['id', 'client_id', 'place_code', 'facility_id', 'visited_on', 'service', 'decision', 'method_chosen', 'risk', 'result', 'voided', 'version'],
  },
  {
    table: 'care.follow_up',
    columns: ['id', 'visit_id', 'client_id', 'place_code', 'kind', 'step', 'opens_on', 'due_on', 'closes_on', 'done_on', 'status', 'voided'],
  },
];

const look = ['session', 'places', 'board', 'indicator', 'facilities', 'products'];
const meet = [...look, 'clients', 'client', 'client_visits', 'pull', 'rows_behind', 'duplicates'];
const careFor = ['registry.register', 'registry.amend', 'care.record', 'care.amend', 'care.void', 'care.follow_up', 'supplies.receive'];
const tidy = ['registry.merge', 'registry.unmerge', 'registry.keep_apart'];
const ground = [
  'registry.open_place',
  'registry.close_place',
  'registry.count_population',
  'registry.estimate',
  'registry.count_births',
  'registry.open_facility',
  'registry.enrol_worker',
];

/** The duties, as lists that can be read aloud. The administrator has none of the content. */
export const roles: ReadonlyMap<string, Role> = new Map(
  [
    { name: 'county_clinician', commands: [...careFor, ...tidy], reads: [...meet, 'imports'] },
    { name: 'township_clinician', commands: [...careFor, ...tidy], reads: meet },
    { name: 'village_worker', commands: ['registry.register', 'registry.amend', 'care.record', 'care.amend', 'care.follow_up'], reads: meet },
    { name: 'statistician', commands: [...ground, ...careFor, ...tidy], reads: [...meet, 'imports'] },
    { name: 'planner', commands: [], reads: look },
    { name: 'administrator', commands: ['access.open_account'], reads: ['session', 'places'] },
  ].map((role) => [role.name, role]),
);

/** Doors that are more than questions. */
export const corridors: readonly Corridor[] = [pullCorridor(pulled), ...exchangeCorridors];

/** Long work, by the name under which it is queued. */
export const tasks = (house: House): TaskList => ({ import: (payload) => workOnImport(house, payload as { county_code: string; id: string }) });
