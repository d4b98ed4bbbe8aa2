import type { TaskList } from 'graphile-worker';
import { roles } from './duties.ts';
import { careCommands } from './modules/care/commands.ts';
import { careListeners } from './modules/care/listener.ts';
import { careRoutes } from './modules/care/routes.ts';
import { evaluationRoutes } from './modules/evaluation/routes.ts';
import { exchangeCorridors, workOnImport } from './modules/exchange/commands.ts';
import { exchangeRoutes } from './modules/exchange/routes.ts';
import { registryCommands } from './modules/registry/commands.ts';
import { registryRoutes } from './modules/registry/routes.ts';
import { rightsCommands } from './modules/rights/commands.ts';
import { isGlassOpen } from './modules/rights/queries.ts';
import { rightsRoutes } from './modules/rights/routes.ts';
import { rightsCorridors } from './modules/rights/server-doors.ts';
import { suppliesCommands } from './modules/supplies/commands.ts';
import { accountCommands } from './platform/account-commands.ts';
import type { Corridor } from './platform/http.ts';
import { ownCorridors } from './platform/own-doors.ts';
import { type Pulled, pullCorridor } from './platform/pull.ts';
import type { Handler, House, Listener } from './platform/room.ts';

/** Everything that can happen. */
export const handlers: ReadonlyMap<string, Handler> = new Map(
  [...accountCommands, ...registryCommands, ...rightsCommands, ...suppliesCommands, ...careCommands].map((handler) => [handler.command.name, handler]),
);

/** Who hears whom. */
export const listeners: readonly Listener[] = [...careListeners];

export { roles };

/** Whether an emergency opens a record. */
export const isOpened = isGlassOpen;

/** Everything that can be asked. */
export const routes = [...registryRoutes, ...rightsRoutes, ...careRoutes, ...evaluationRoutes, ...exchangeRoutes];

/** What goes down to phones. */
export const pulled: readonly Pulled[] = [
  {
    table: 'registry.client',
    columns: [
      'id',
      'place_code',
      'record_number',
      'name',
      'name_pinyin',
      'name_initials',
      'contact_reason',
      'contacted_on',
      'sex',
      'born_on',
      'residence',
      'follow_up_consented',
      'purposes',
      'merged_into_id',
      'version',
    ],
  },
  {
    table: 'care.visit',
    columns: [
      'id',
      'client_id',
      'place_code',
      'facility_id',
      'visited_on',
      'served_on',
      'service',
      'decision',
      'client_is',
      'method_chosen',
      'product_code',
      'quantity',
      'procedure',
      'risk',
      'result',
      'note',
      'voided',
      'version',
    ],
  },
  {
    table: 'care.follow_up',
    columns: ['id', 'visit_id', 'client_id', 'place_code', 'kind', 'step', 'opens_on', 'due_on', 'closes_on', 'done_on', 'status', 'consented', 'voided'],
  },
  {
    table: 'care.appointment',
    columns: ['id', 'client_id', 'place_code', 'session_id', 'facility_id', 'held_on', 'slot_at', 'service', 'status', 'queue_number'],
  },
  { table: 'registry.conflict', columns: ['id', 'client_id', 'place_code', 'field', 'made_at', 'status'] },
];

/** Doors that are more than questions. */
export const corridors: readonly Corridor[] = [pullCorridor(pulled), ...ownCorridors, ...rightsCorridors, ...exchangeCorridors];

/** Long work, by the name under which it is queued. */
export const tasks = (house: House): TaskList => ({ import: (payload) => workOnImport(house, roles, payload as { county_code: string; id: string }) });
