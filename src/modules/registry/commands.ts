import { clientCommands } from './server-clients.ts';
import { placeCommands } from './server-places.ts';

/** What can happen in the register. */
export const registryCommands = [...placeCommands, ...clientCommands];
