import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply } from 'fastify';
import { sql } from 'kysely';
import { today } from '../../kit/day.ts';
import { newId } from '../../kit/id.ts';
import { must, Problem } from '../../kit/problem.ts';
import { type Actor, allow, type Role } from '../../platform/access.ts';
import { configFrom } from '../../platform/config.ts';
import type { Corridor } from '../../platform/http.ts';
import { noteLook } from '../../platform/looks.ts';
import type { House } from '../../platform/room.ts';
import { dutyActor } from '../../platform/session.ts';
import { documentCorridor } from './server-document.ts';
import { importFile } from './server-import.ts';
import type { Report } from './server-report.ts';
import { writeMarked, writeTemplate } from './server-write.ts';

const largestUpload = 100 * 1024 * 1024;

/** Where uploads lie until they are imported or thrown away. */
function folder(): string {
  const path = join(configFrom().dataFolder, 'imports');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Uploading, starting, and the files that come back: the part of an import that is not a question. */
const importCorridor: Corridor = (app, house, { who }) => {
  app.post(
    '/api/imports',
    { config: { needs: 'imports' }, schema: { summary: 'Upload a workbook or CSV; it is read and checked, nothing is written' } },
    async (request) => {
      const actor = await who(request);
      allow(actor, 'reads', 'imports');
      const upload = await request.file({ limits: { fileSize: largestUpload } }).catch(() => undefined);
      if (!upload || !/\.(xlsx|csv)$/i.test(upload.filename)) throw new Problem('invalid', { field: 'file', rule: 'not_a_workbook', values: { why: '' } });
      const id = newId();
      // A CSV says by its name which sheet it is.
      mkdirSync(join(folder(), id), { mode: 0o700 });
      const path = join(
        folder(),
        id,
        upload.filename
          .replace(/^.*[/\\]/, '')
          .replace(/[^\p{L}\p{N}._-]/gu, '_')
          .slice(-80),
      );
      await pipeline(upload.file, createWriteStream(path, { mode: 0o600 }));
      if (upload.file.truncated) {
        await rm(path, { force: true });
        throw new Problem('invalid', { field: 'file', rule: 'file_too_large', values: { size: '>100 MB', max: '100 MB' } });
      }
      const now = new Date().toISOString();
      await house.database.write(actor, (tx) =>
        tx.insertRows('exchange.import', [
          {
            county_code: actor.county_code,
            id,
            actor_id: actor.account_id,
            ...(actor.duty_id ? { duty_id: actor.duty_id } : {}),
            file_name: upload.filename.slice(-120),
            file_path: path,
            status: 'checking',
            opened_at: now,
            changed_at: now,
          },
        ]),
      );
      await enqueue(house, actor, id);
      return { id };
    },
  );

  app.post('/api/imports/:id/start', { config: { needs: 'imports' }, schema: { summary: 'Write what the check found acceptable' } }, async (request) => {
    const actor = await who(request);
    allow(actor, 'reads', 'imports');
    const { id } = request.params as { id: string };
    const { rows } = await house.database.write(actor, (tx) =>
      sql<{
        id: string;
      }>`update exchange.import set status = 'importing', rows_done = 0, changed_at = now() where county_code = ${actor.county_code} and id = ${id}::uuid and actor_id = ${actor.account_id} and status = 'checked' returning id`.execute(
        tx.db,
      ),
    );
    must(rows[0], 'id');
    await enqueue(house, actor, id);
    return { id };
  });

  app.get(
    '/api/imports/:id/marked.xlsx',
    { config: { needs: 'imports' }, schema: { summary: 'The workbook with the refused cells marked' } },
    async (request, reply) => {
      const actor = await who(request);
      allow(actor, 'reads', 'imports');
      const { id } = request.params as { id: string };
      const row = await house.database.read(actor, (db) =>
        db
          .selectFrom('exchange.import')
          .selectAll()
          .where('county_code', '=', actor.county_code)
          .where('actor_id', '=', actor.account_id)
          .where('id', '=', id)
          .executeTakeFirst(),
      );
      const { file_path, report } = must(row, 'id');
      await noteLook(house.database, house.keys, actor, { action: 'export', what: 'imports', client_ids: [], detail: id });
      const path = join(folder(), id, 'marked.xlsx');
      await writeMarked(file_path, (report as Report | null)?.refusals ?? [], path);
      return sendWorkbook(reply, path);
    },
  );

  app.get('/api/template.xlsx', { config: { needs: 'imports' }, schema: { summary: 'The workbook whose sheets are the forms' } }, async (request, reply) => {
    allow(await who(request), 'reads', 'imports');
    const path = join(folder(), 'template.xlsx');
    await writeTemplate(path);
    return sendWorkbook(reply, path);
  });
};

export const exchangeCorridors = [importCorridor, documentCorridor];

function sendWorkbook(reply: FastifyReply, path: string): FastifyReply {
  reply.header('content-type', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet');
  reply.header('content-disposition', 'attachment; filename="zhiyuan.xlsx"');
  return reply.send(createReadStream(path));
}

function enqueue(house: House, actor: Actor, id: string): Promise<unknown> {
  return house.database.ownerPool.query('select graphile_worker.add_job($1, payload := $2::json, max_attempts := 5)', [
    'import',
    JSON.stringify({ county_code: actor.county_code, id }),
  ]);
}

/** The job, under the duty of whoever uploaded: checks an upload, or imports one that was checked. Killed in the middle it starts over; what was written is not written again. */
export async function workOnImport(house: House, roles: ReadonlyMap<string, Role>, { county_code, id }: { county_code: string; id: string }): Promise<void> {
  const scope = { county_code, place_code: county_code, ledger: true };
  const row = await house.database.read(scope, (db) =>
    db.selectFrom('exchange.import').selectAll().where('county_code', '=', county_code).where('id', '=', id).executeTakeFirst(),
  );
  if (!row || !['checking', 'importing'].includes(row.status)) return;
  const dry = row.status === 'checking';
  const holder = { county_code, account_id: row.actor_id, duty_id: row.duty_id };
  const actor = await dutyActor(house.database, roles, holder, today(), true);
  const note = (set: Record<string, unknown>) =>
    house.database.write(scope, (tx) => tx.updateRows('exchange.import', ['id'], [{ county_code, id, changed_at: new Date().toISOString(), ...set } as never]));
  let told = 0;
  const progress = (rows: number, total: number) => {
    if (rows - told < 500) return;
    told = rows;
    void note({ rows_done: rows, rows_total: total }).catch(() => {});
  };
  try {
    if (!actor) throw new Problem('forbidden', { field: 'role', rule: 'not_your_duty' });
    const report = await importFile(house, actor, row.file_path, { dry, progress });
    await note({ status: dry ? 'checked' : 'imported', report, rows_done: report.rows, rows_total: report.rows });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await note({ status: 'unreadable', report: { refusals: [], findings: error.findings } });
  }
}
