import { createCipheriv, createDecipheriv, createHash, type KeyObject, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import { today } from '../../kit/day.ts';
import { newId } from '../../kit/id.ts';
import { must, Problem } from '../../kit/problem.ts';
import { type Actor, allow } from '../../platform/access.ts';
import { configFrom } from '../../platform/config.ts';
import type { Corridor, Hall } from '../../platform/http.ts';
import { subjectKeyOf } from '../../platform/journal.ts';
import { noteLook } from '../../platform/looks.ts';
import type { House, Outcome } from '../../platform/room.ts';
import { readGiven } from '../../platform/route.ts';
import { run } from '../../platform/run.ts';
import { secretThreshold } from '../../platform/seal.ts';
import { openSession, thePublic, tokenHash } from '../../platform/session.ts';
import { clientsByNumber } from '../registry/queries.ts';
import { complain, complaintKinds } from './complaint.ts';
import { complaintOutcomes } from './queries.ts';
import { breakGlass, handOver } from './request.ts';
import { outcomesTold } from './routes.ts';

const codeHours = 72;
const largestEvidence = 10 * 1024 * 1024;
/** Digits and letters that are not taken for each other when read aloud or copied by hand. */
const letters = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A code for a human hand: four groups of four, 78 bits. */
function newCode(): string {
  const bytes = randomBytes(64).filter((byte) => byte < 240);
  const code = Array.from(bytes.subarray(0, 16), (byte) => letters[byte % letters.length]).join('');
  return code.length < 16 ? newCode() : (code.match(/.{4}/g) as string[]).join('-');
}

const plainCode = (typed: string) => typed.toUpperCase().replace(/[^0-9A-Z]/g, '');
const codeHash = (typed: string) => tokenHash(plainCode(typed));

function done(outcomes: readonly Outcome[]): void {
  const problem = outcomes[0]?.problem;
  if (problem) throw new Problem(problem.code as 'refused', problem.findings);
}

/** The county that this installation serves to people who have not signed in. */
async function countyOf(house: House): Promise<string> {
  if (house.packs.countyCode) return house.packs.countyCode;
  const { rows } = await sql<{ county_code: string }>`select county_code from journal.pen where county_code is not null limit 2`.execute(house.database.owner);
  if (rows.length === 1) return (rows[0] as { county_code: string }).county_code;
  throw new Problem('missing', { field: 'county_code', rule: 'not_found' });
}

/** Her own record: a code is handed over at the service, and opens it once. */
function codeDoors(app: FastifyInstance, house: House, { who, attempts, welcome }: Hall): void {
  app.post(
    '/api/codes',
    { config: { needs: 'rights.hand_over' }, schema: { summary: 'A one-time code for a client’s own record, handed to her at the service' } },
    async (request) => {
      const actor = await who(request);
      const { client_id } = readGiven(z.object({ client_id: z.guid() }), request.body);
      done(await run(house, actor, [{ id: newId(), name: handOver.name, input: { client_id, handed_on: today() } }]));
      const code = newCode();
      const now = new Date();
      const ends_at = new Date(now.getTime() + codeHours * 3_600_000).toISOString();
      await house.database.app
        .insertInto('access.code')
        .values({
          code_hash: codeHash(code),
          county_code: actor.county_code,
          client_id,
          issued_by: actor.account_id,
          issued_at: now.toISOString(),
          ends_at,
          used_at: null,
        })
        .execute();
      return { code, ends_at };
    },
  );
  app.post('/api/my/session', { config: { needs: 'anyone' }, schema: { summary: 'Open one’s own record with a one-time code' } }, async (request, reply) => {
    const { code } = readGiven(z.object({ code: z.string().max(60) }), request.body);
    await attempts.count(request.ip);
    const now = new Date().toISOString();
    const { rows } = await sql<{ county_code: string; client_id: string }>`
      update access.code set used_at = ${now}::timestamptz where code_hash = ${codeHash(code)} and used_at is null and ends_at > ${now}::timestamptz returning county_code, client_id`.execute(
      house.database.app,
    );
    const [found] = rows;
    if (!found) throw new Problem('signed_out', { field: 'access_code', rule: 'wrong_code' });
    welcome(request, reply, await openSession(house.database, { ...found, kind: 'portal' }));
    return reply.status(204).send();
  });
}

/** An emergency: one record of the whole county, found by its exact number, phone or ID number. Who guesses is counted and shut out. */
function glassDoor(app: FastifyInstance, house: House, { who, attempts }: Hall): void {
  app.post('/api/glass', { config: { needs: 'rights.break_glass' }, schema: { summary: 'Open one record in an emergency' } }, async (request) => {
    const actor = await who(request);
    allow(actor, 'commands', breakGlass.name);
    const { number, reason } = readGiven(z.object({ number: z.string().trim().min(4).max(40), reason: z.string().trim().min(1).max(500) }), request.body);
    await attempts.count(request.ip);
    const { county_code } = actor;
    const everywhere = { county_code, place_code: county_code, people: true };
    const found = await house.database.read(everywhere, (db) => clientsByNumber(db, house.keys, county_code, number));
    const [client, another] = found;
    if (!client || another) throw new Problem('missing', { field: 'client_id', rule: 'not_found' });
    done(await run(house, actor, [{ id: newId(), name: breakGlass.name, input: { glass_id: newId(), client_id: client.id, reason } }]));
    await noteLook(house.database, house.keys, actor, { action: 'glass', what: 'glass', client_ids: [client.id] });
    return { client_id: client.id };
  });
}

const complaintAsked = z.object({
  complaint_kind: z.enum(complaintKinds),
  place_code: z.string().max(32),
  facility_id: z.guid().optional(),
  about_on: z.string().max(10).optional(),
  words: z.string().min(1).max(4000),
  name: z.string().max(60).optional(),
  contact: z.string().max(100).optional(),
});

/** Anybody may complain, ask how it stands, add evidence and ask for a review: with the tracking code alone. */
function complaintDoors(app: FastifyInstance, house: House, hall: Hall): void {
  const everybody = async (request: FastifyRequest): Promise<Actor> => {
    await hall.attempts.count(request.ip);
    return thePublic(hall.roles, await countyOf(house));
  };
  app.get('/api/public/places', { config: { needs: 'anyone' }, schema: { summary: 'Units and places a complaint may be about' } }, async () => {
    const county_code = await countyOf(house);
    return house.database.read({ county_code, place_code: county_code }, async (db) => ({
      places: await db
        .selectFrom('registry.place')
        .select(['place_code', 'name_zh', 'name_en', 'level'])
        .where('county_code', '=', county_code)
        .where('level', 'in', ['county', 'township', 'district', 'zone'])
        .orderBy('place_code')
        .execute(),
    }));
  });
  app.get(
    '/api/public/complaint-statistics',
    { config: { needs: 'anyone' }, schema: { summary: 'Decided complaints as everybody may know them; small numbers are not told' } },
    async () => {
      const county_code = await countyOf(house);
      const rows = await house.database.read({ county_code, place_code: county_code }, (db) => complaintOutcomes(db, county_code));
      return { outcomes: outcomesTold(rows, county_code, (key) => secretThreshold(house.keys, key)) };
    },
  );
  app.post(
    '/api/complaints',
    { config: { needs: 'anyone' }, schema: { summary: 'Complain, named or not; gives the tracking code' } },
    async (request, reply) => {
      const actor = await everybody(request);
      const asked = readGiven(complaintAsked, request.body);
      const code = newCode();
      const is_anonymous = !asked.name;
      done(
        await run(house, actor, [
          { id: newId(), name: complain.name, input: { ...asked, complaint_id: newId(), tracking_hash: codeHash(code), is_anonymous } },
        ]),
      );
      return reply.status(201).send({ code });
    },
  );
  const tracked = async (actor: Actor, code: string) => {
    const { county_code } = actor;
    const found = await house.database.read({ county_code, place_code: county_code, desk: 'complaints' }, (db) =>
      db
        .selectFrom('rights.complaint')
        .select([
          'id',
          'kind',
          'opened_on',
          'acknowledge_by',
          'acknowledged_on',
          'decide_by',
          'extended_on',
          'extension_reason',
          'decided_on',
          'outcome',
          'answer',
          'remedy',
          'review_by',
          'review_asked_on',
          'review_decide_by',
          'review_outcome',
          'review_decided_on',
          'status',
        ])
        .where('county_code', '=', county_code)
        .where('tracking_hash', '=', codeHash(code))
        .executeTakeFirst(),
    );
    return must(found, 'code');
  };
  const codeAsked = z.object({ code: z.string().max(60) });
  app.post('/api/complaints/status', { config: { needs: 'anyone' }, schema: { summary: 'How a complaint stands, by its tracking code' } }, async (request) => {
    const actor = await everybody(request);
    const { id, ...told } = await tracked(actor, readGiven(codeAsked, request.body).code);
    return told;
  });
  app.post('/api/complaints/review', { config: { needs: 'anyone' }, schema: { summary: 'Ask for a review of the decision' } }, async (request, reply) => {
    const actor = await everybody(request);
    const { code } = readGiven(codeAsked, request.body);
    const { id } = await tracked(actor, code);
    done(await run(house, actor, [{ id: newId(), name: 'rights.ask_review', input: { complaint_id: id, tracking_hash: codeHash(code) } }]));
    return reply.status(204).send();
  });
  app.post(
    '/api/complaints/evidence',
    { config: { needs: 'anyone' }, schema: { summary: 'Add a file to a complaint, with its tracking code' } },
    async (request, reply) => {
      const actor = await everybody(request);
      const upload = await request.file({ limits: { fileSize: largestEvidence } }).catch(() => undefined);
      if (!upload) throw new Problem('invalid', { field: 'file', rule: 'not_a_file' });
      const bytes = await upload.toBuffer().catch(() => Buffer.alloc(0));
      if (upload.file.truncated || bytes.length === 0) throw new Problem('invalid', { field: 'file', rule: 'too_large' });
      const code = (upload.fields['code'] as { value?: string } | undefined)?.value ?? '';
      const { id } = await tracked(actor, code);
      const evidence_id = newId();
      const key = await house.database.read({ county_code: actor.county_code, place_code: actor.county_code }, (db) =>
        subjectKeyOf(db, house.keys, actor.county_code, id),
      );
      writeFileSync(evidencePath(evidence_id), sealedFile(must(key, 'code'), evidence_id, bytes), { mode: 0o600 });
      const input = {
        evidence_id,
        complaint_id: id,
        file_name: upload.filename.slice(-120) || 'file',
        media_type: upload.mimetype,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      };
      done(await run(house, actor, [{ id: newId(), name: 'rights.add_evidence', input }]));
      return reply.status(201).send({ evidence_id });
    },
  );
  app.get(
    '/api/complaints/:complaint_id/evidence/:evidence_id',
    { config: { needs: 'complaint' }, schema: { summary: 'A file of evidence, for the ombudsperson' } },
    async (request, reply) => {
      const actor = await hall.who(request);
      allow(actor, 'reads', 'complaint');
      const { complaint_id, evidence_id } = readGiven(z.object({ complaint_id: z.guid(), evidence_id: z.guid() }), request.params);
      const file = await house.database.read(actor, async (db) => {
        const row = await db
          .selectFrom('rights.evidence')
          .select('media_type')
          .where('county_code', '=', actor.county_code)
          .where('id', '=', evidence_id)
          .where('complaint_id', '=', complaint_id)
          .executeTakeFirst();
        return { ...must(row, 'evidence_id'), key: must(await subjectKeyOf(db, house.keys, actor.county_code, complaint_id), 'complaint_id') };
      });
      await noteLook(house.database, house.keys, actor, { action: 'export', what: 'evidence', client_ids: [], detail: evidence_id });
      return reply
        .type(file.media_type)
        .header('content-disposition', 'attachment')
        .send(openedFile(file.key, evidence_id, readFileSync(evidencePath(evidence_id))));
    },
  );
}

function evidencePath(id: string): string {
  const folder = join(configFrom().dataFolder, 'evidence');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, `${id}.sealed`);
}

function sealedFile(key: KeyObject, bound: string, plain: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(bound));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function openedFile(key: KeyObject, bound: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(sealed.subarray(12, 28));
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
}

export const rightsCorridors: readonly Corridor[] = [codeDoors, glassDoor, complaintDoors];
