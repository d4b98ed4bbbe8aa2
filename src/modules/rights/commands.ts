import { addDays, dayOf } from '../../kit/day.ts';
import type { Finding } from '../../kit/problem.ts';
import { isWithin } from '../../kit/scope.ts';
import { destroyKeys, type Entry } from '../../platform/journal.ts';
import { handle, type Room, refuseEach } from '../../platform/room.ts';
import { eraseClient, type ProtectedClient, protectedClients, setPurposes } from '../registry/server-shut.ts';
import { checkConsent, giveConsent, withdrawConsent } from './consent.ts';
import { breakGlass, decideRequest, glassMinutes, handOver, openRequest, requestDays, reviewGlass } from './request.ts';
import { complaintCommands } from './server-complaints.ts';

const consentCommands = [
  handle(giveConsent, async (room, entries) => {
    const versions = new Set(room.packs.consentTexts.map((one) => `${one.purpose} ${one.version}`));
    await eachClient(room, entries, async (entry, client) => {
      const { county_code, seq, input, recorded_at, sealed } = entry;
      entry.findings = entry.is_shut ? [] : checkConsent(input, client.born_on, versions, dayOf(recorded_at));
      if (entry.findings.length > 0) return;
      await endConsent(room, entry, input.given_on, 'client');
      await room.insertRows('rights.consent', [
        {
          county_code,
          seq,
          id: input.consent_id,
          client_id: client.id,
          place_code: client.place_code,
          purpose: input.purpose,
          text_version: input.text_version,
          language: input.language,
          given_on: input.given_on,
          given_by: input.given_by,
          how: input.how,
          signature_sealed: sealed['signature'],
          witness_sealed: sealed['witness'],
          guardian_sealed: sealed['guardian'],
        },
      ]);
      client.purposes = [...new Set([...client.purposes, input.purpose])];
      await setPurposes(room, client, client.purposes, seq);
      client.restricted = !client.purposes.includes('care');
    });
  }),
  handle(withdrawConsent, async (room, entries) => {
    await eachClient(room, entries, async (entry, client) => {
      const { input, actor_id, seq } = entry;
      if (!client.purposes.includes(input.purpose)) {
        entry.findings = [{ field: 'purpose', rule: 'not_consented' }];
        return;
      }
      await endConsent(room, entry, input.withdrawn_on, actor_id === client.id ? 'client' : 'worker');
      client.purposes = client.purposes.filter((one) => one !== input.purpose);
      await setPurposes(room, client, client.purposes, seq, input.purpose === 'follow_up' ? input.withdrawn_on : undefined);
      client.restricted = !client.purposes.includes('care');
    });
  }),
];

const requestCommands = [
  handle(openRequest, async (room, entries) => {
    await eachClient(room, entries, async ({ county_code, seq, input, recorded_at, sealed }, client) => {
      const opened_on = dayOf(recorded_at);
      await room.insertRows('rights.data_request', [
        {
          county_code,
          seq,
          id: input.request_id,
          client_id: client.id,
          place_code: client.place_code,
          kind: input.request_kind,
          words_sealed: sealed['words'],
          opened_on,
          due_on: addDays(opened_on, requestDays),
          status: 'open',
        },
      ]);
    });
  }),
  handle(decideRequest, async (room, entries) => {
    await eachClient(room, entries, async (entry, client) => {
      const { input, seq, recorded_at } = entry;
      const request = await room.db
        .selectFrom('rights.data_request')
        .select(['kind', 'status', 'client_id'])
        .where('county_code', '=', room.county_code)
        .where('id', '=', input.request_id)
        .executeTakeFirst();
      entry.findings = !request || request.client_id !== client.id ? missing('request_id') : request.status !== 'open' ? already('request_id') : [];
      if (!request || entry.findings.length > 0) return;
      await room.updateRows(
        'rights.data_request',
        ['id'],
        [
          {
            county_code: room.county_code,
            seq,
            id: input.request_id,
            status: 'decided',
            decision: input.ruling,
            reason: input.reason,
            decided_on: dayOf(recorded_at),
          },
        ],
      );
      if (input.ruling !== 'upheld') return;
      if (request.kind === 'restrict')
        await setPurposes(
          room,
          client,
          client.purposes.filter((one) => one === 'portal'),
          seq,
        );
      if (request.kind === 'delete') await erase(room, client, entry);
    });
  }),
];

const glassCommands = [
  handle(breakGlass, async (room, entries) => {
    await eachClient(
      room,
      entries,
      async ({ county_code, seq, actor_id, recorded_at, input }, client) => {
        const ends = new Date(Date.parse(recorded_at) + glassMinutes * 60_000);
        await room.insertRows('rights.break_glass', [
          {
            county_code,
            seq,
            id: input.glass_id,
            account_id: actor_id,
            client_id: client.id,
            place_code: client.place_code,
            reason: input.reason,
            opened_at: recorded_at,
            ends_at: ends.toISOString(),
          },
        ]);
      },
      'anywhere',
    );
  }),
  handle(reviewGlass, async (room, entries) => {
    const known = await room.db
      .selectFrom('rights.break_glass')
      .select(['id', 'verdict', 'account_id'])
      .where('county_code', '=', room.county_code)
      .where(
        'id',
        'in',
        entries.map(({ input }) => input.glass_id),
      )
      .execute();
    const byId = new Map(known.map((row) => [row.id, row]));
    const lawful = refuseEach(entries, ({ input, actor_id }) => {
      const row = byId.get(input.glass_id);
      if (!row) return missing('glass_id');
      if (row.verdict) return already('glass_id');
      return row.account_id === actor_id ? [{ field: 'glass_id', rule: 'not_own_review' }] : [];
    });
    await room.updateRows(
      'rights.break_glass',
      ['id'],
      lawful.map(({ county_code, seq, actor_id, recorded_at, input }) => ({
        county_code,
        seq,
        id: input.glass_id,
        verdict: input.verdict,
        review: input.review,
        reviewed_by: actor_id,
        reviewed_at: recorded_at,
      })),
    );
  }),
  handle(handOver, async (room, entries) => {
    await eachClient(room, entries, async (entry, client) => {
      if (!client.purposes.includes('portal')) entry.findings = [{ field: 'purpose', rule: 'portal_not_consented' }];
    });
  }),
];

export const rightsCommands = [...consentCommands, ...requestCommands, ...glassCommands, ...complaintCommands];

const missing = (field: string): Finding[] => [{ field, rule: 'not_found' }];
const already = (field: string): Finding[] => [{ field, rule: 'decided_already' }];

/** One entry after the other with the client it concerns, shut records included; a client outside the actor's place is not found. */
async function eachClient<I extends { client_id: string }>(
  room: Room,
  entries: readonly Entry<I>[],
  work: (entry: Entry<I>, client: ProtectedClient) => Promise<void>,
  where: 'in_place' | 'anywhere' = 'in_place',
): Promise<void> {
  await room.wholeCounty(async () => {
    const clients = await protectedClients(
      room,
      entries.map(({ input }) => input.client_id),
    );
    for (const entry of entries) {
      const client = clients.get(entry.input.client_id);
      if (!client || client.erased || (where === 'in_place' && !isWithin(client.place_code, entry.place_code))) entry.findings = missing('client_id');
      else await work(entry, client);
    }
  });
}

/** Ends the consent to a purpose that is in force, if there is one. */
async function endConsent(room: Room, { seq, input }: Entry<{ client_id: string; purpose: string }>, on: string, by: string): Promise<void> {
  await room.db
    .updateTable('rights.consent')
    .set({ withdrawn_on: on, withdrawn_by: by, seq })
    .where('county_code', '=', room.county_code)
    .where('client_id', '=', input.client_id)
    .where('purpose', '=', input.purpose)
    .where('withdrawn_on', 'is', null)
    .execute();
}

/** Lawful deletion: the record says nothing of her any more, and her key is destroyed. What was published as figures stays. */
async function erase(room: Room, client: ProtectedClient, { seq, recorded_at }: Entry<unknown>): Promise<void> {
  const ids = await eraseClient(room, client, seq);
  await room.db
    .updateTable('rights.consent')
    .set({ signature_sealed: null, witness_sealed: null, guardian_sealed: null, seq })
    .where('county_code', '=', room.county_code)
    .where('client_id', 'in', ids)
    .execute();
  await room.db
    .updateTable('rights.data_request')
    .set({ words_sealed: null, seq })
    .where('county_code', '=', room.county_code)
    .where('client_id', 'in', ids)
    .execute();
  await destroyKeys(room, room.county_code, ids, recorded_at);
}
