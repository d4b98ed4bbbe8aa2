import type { Finding, ProblemBody } from '../kit/problem.ts';
import { type LocalDb, metaOf, type Outgoing } from './local-db.ts';
import { opened, sealed } from './vault.ts';

/** A command as the phone keeps it. */
export interface Command {
  id: string;
  name: string;
  input: Record<string, unknown>;
  at: string;
  findings?: readonly Finding[];
}

/** A command opened, with where it stands on its way. */
export type Pending = Command & Pick<Outgoing, 'state' | 'seq' | 'account_id'>;

interface Reply {
  outcomes: { id: string; status: string; seq?: number; problem?: ProblemBody }[];
}

/** Commands sent at once. */
const batch = 100;

/** The account whose records the phone carries; empty before it has asked the server once. */
export const holderOf = async (local: LocalDb): Promise<string> => (await metaOf<string>(local, 'scope'))?.split(' ')[0] ?? '';

/** Keeps a command: it is on the disk when this returns. Gives it as pending, or undefined when it was kept already (pressed twice). */
export async function keepCommand(local: LocalDb, key: CryptoKey, command: Command): Promise<Pending | undefined> {
  const account_id = await holderOf(local);
  const content = await sealed(key, command);
  const isNew = await local.transaction('rw', local.outbox, async () => {
    if (await local.outbox.where('id').equals(command.id).count()) return false;
    await local.outbox.add({ id: command.id, account_id, state: 'waiting', seq: 0, content } as never);
    return true;
  });
  return isNew ? { ...command, account_id, state: 'waiting', seq: 0 } : undefined;
}

/** Everything in the outbox, opened, oldest first. */
export async function readOutbox(local: LocalDb, key: CryptoKey): Promise<Pending[]> {
  const rows = await local.outbox.orderBy('at').toArray();
  const commands = await Promise.all(rows.map(({ content }) => opened<Command>(key, content)));
  return rows.map(({ state, seq, account_id }, index) => ({ ...(commands[index] as Command), state, seq, account_id }));
}

/** Sends the oldest that wait for this account and notes what became of each; what came in meanwhile waits. False when none waited. */
export async function pushSome(local: LocalDb, key: CryptoKey, account: string, ask: (path: string, body: unknown) => Promise<Reply>): Promise<boolean> {
  const waiting = await local.outbox.where('state').equals('waiting').sortBy('at');
  const rows = waiting.filter((row) => row.account_id === account || row.account_id === '').slice(0, batch);
  if (rows.length === 0) return false;
  const commands = await Promise.all(rows.map((row) => opened<Command>(key, row.content)));
  const { outcomes } = await ask('/api/commands', { items: commands.map(({ id, name, input }) => ({ id, name, input })) });
  const refused = await Promise.all(
    outcomes.map(({ status, problem }, index) =>
      status === 'refused' ? sealed(key, { ...(commands[index] as Command), findings: problem?.findings ?? [] }) : undefined,
    ),
  );
  await local.transaction('rw', local.outbox, async () => {
    for (const [index, outcome] of outcomes.entries()) {
      const { at } = rows[index] as Outgoing;
      const content = refused[index];
      await local.outbox.update(at, content ? { state: 'refused', content } : { state: 'sent', seq: outcome.seq ?? 0 });
    }
  });
  return true;
}
