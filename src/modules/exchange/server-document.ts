import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import { newId } from '../../kit/id.ts';
import { must } from '../../kit/problem.ts';
import { type Actor, allow } from '../../platform/access.ts';
import type { Corridor } from '../../platform/http.ts';
import { noteLook } from '../../platform/looks.ts';
import type { House } from '../../platform/room.ts';
import { type Language, sayer } from '../../platform/words.ts';
import { followUpsFor, visitsOf } from '../care/queries.ts';
import { clientById } from '../registry/queries.ts';
import { consentsOf } from '../rights/queries.ts';

const font = createRequire(import.meta.url).resolve('@fontsource/noto-sans-sc/files/noto-sans-sc-chinese-simplified-400-normal.woff');
const latin = createRequire(import.meta.url).resolve('@fontsource/noto-sans-sc/files/noto-sans-sc-latin-400-normal.woff');

async function recordOf(house: House, actor: Actor) {
  const id = must(actor.client_id, 'client_id');
  const { county_code } = actor;
  const record = await house.database.read(actor, async (db) => ({
    client: must(await clientById(db, county_code, id), 'client_id'),
    visits: (await visitsOf(db, county_code, id)).filter((visit) => !visit.voided),
    followUps: await followUpsFor(db, county_code, id),
    consents: await consentsOf(db, county_code, id),
  }));
  await noteLook(house.database, house.keys, actor, { action: 'export', what: 'my_document', client_ids: [id] });
  return record;
}

type OwnRecord = Awaited<ReturnType<typeof recordOf>>;

/** One's own record to take along: a PDF to read and a FHIR R4 document for another provider's system. */
export const documentCorridor: Corridor = (app, house, { who }) => {
  app.get('/api/my/document.pdf', { config: { needs: 'my_document' }, schema: { summary: 'My own record as a PDF' } }, async (request, reply) => {
    const actor = await who(request);
    allow(actor, 'reads', 'my_document');
    const language = (request.query as { language?: string }).language === 'en' ? 'en' : 'zh';
    return reply
      .type('application/pdf')
      .header('content-disposition', 'attachment; filename="my-record.pdf"')
      .send(await pdfOf(await recordOf(house, actor), language));
  });
  app.get('/api/my/document.json', { config: { needs: 'my_document' }, schema: { summary: 'My own record as a FHIR R4 document' } }, async (request, reply) => {
    const actor = await who(request);
    allow(actor, 'reads', 'my_document');
    return reply
      .type('application/fhir+json')
      .header('content-disposition', 'attachment; filename="my-record.json"')
      .serializer(JSON.stringify)
      .send(fhirOf(await recordOf(house, actor)));
  });
};

/** What a visit's line says: what was offered, what she decided, what was done. */
function linesOf(visit: OwnRecord['visits'][number], say: (key: string) => string): string[] {
  const shown = ['decision', 'method_chosen', 'procedure', 'risk', 'result', 'cervical_method'] as const;
  return [
    ...shown.flatMap((field) => (visit[field] ? [`${say(`field.${field}`)}：${say(`option.${field}.${visit[field]}`)}`] : [])),
    ...(visit.charge_fen > 0 ? [`${say('document.charge')}：${(visit.charge_fen / 100).toFixed(2)}`] : []),
    ...(visit.note ? [visit.note] : []),
  ];
}

/** The record as a PDF (bytes), in Chinese or English. */
export function pdfOf({ client, visits, consents }: OwnRecord, language: Language): Promise<Buffer> {
  const say = sayer(language);
  const document = new PDFDocument({
    size: 'A4',
    margin: 56,
    info: { Title: say('document.title') },
    lang: language === 'zh' ? 'zh-CN' : 'en',
    pdfVersion: '1.7',
    tagged: true,
  });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const whole = new Promise<Buffer>((done) => document.on('end', () => done(Buffer.concat(chunks))));
  document.registerFont('han', font);
  document.registerFont('latin', latin);
  // The Chinese face holds no Latin letters: each run of one script is set in its own.
  const write = (text: string, size: number, gap = 0) => {
    const runs = text.match(/[\u0000-\u024f\u2010-\u2027]+|[^\u0000-\u024f\u2010-\u2027]+/g) ?? [''];
    for (const [index, run] of runs.entries()) {
      document
        .font(/^[\u0000-\u024f\u2010-\u2027]/.test(run) ? 'latin' : 'han')
        .fontSize(size)
        .text(run, { continued: index < runs.length - 1 });
    }
    document.moveDown(gap);
  };
  write(say('document.title'), 20, 0.3);
  write(`${say('document.made_on')} ${new Date().toISOString().slice(0, 10)}`, 10, 1);
  write(`${say('field.name')}：${client.name}`, 12);
  write(`${say('field.born_on')}：${client.born_on}`, 12);
  write(`${say('field.record_number')}：${client.record_number}`, 12, 1);
  write(say('document.visits'), 15, 0.3);
  if (visits.length === 0) write(say('document.none'), 11);
  for (const visit of visits) {
    write(`${visit.visited_on}　${say(`option.service.${visit.service}`)}`, 12);
    for (const line of linesOf(visit, say)) write(`　${line}`, 10);
    document.moveDown(0.4);
  }
  document.moveDown(0.6);
  write(say('document.consents'), 15, 0.3);
  if (consents.length === 0) write(say('document.none'), 11);
  for (const consent of consents) {
    const ended = consent.withdrawn_on ? `　${say('document.withdrawn')} ${consent.withdrawn_on}` : '';
    write(`${consent.given_on}　${say(`option.purpose.${consent.purpose}`)}${ended}`, 11);
  }
  document.end();
  return whole;
}

/** The record as a FHIR R4 document bundle: a composition first, then the resources it points to. */
export function fhirOf({ client, visits, consents }: OwnRecord) {
  const at = new Date().toISOString();
  const url = (id: string) => `urn:uuid:${id}`;
  const patient = {
    resourceType: 'Patient',
    id: client.id,
    identifier: [{ system: 'urn:zhiyuan:record-number', value: client.record_number }],
    name: [{ text: client.name }],
    gender: client.sex,
    birthDate: client.born_on,
  };
  const encounters = visits.map((visit) => ({
    resourceType: 'Encounter',
    id: visit.id,
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    type: [{ coding: [{ system: 'urn:zhiyuan:service', code: visit.service }] }],
    subject: { reference: url(client.id) },
    period: { start: visit.visited_on, end: visit.served_on ?? visit.visited_on },
    extension: (['decision', 'method_chosen', 'procedure', 'risk', 'result'] as const)
      .filter((field) => visit[field])
      .map((field) => ({ url: `urn:zhiyuan:visit:${field}`, valueCode: visit[field] })),
  }));
  const agreed = consents.map((consent) => ({
    resourceType: 'Consent',
    id: consent.id,
    status: consent.withdrawn_on ? 'inactive' : 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'urn:zhiyuan:purpose', code: consent.purpose }] }],
    patient: { reference: url(client.id) },
    dateTime: consent.given_on,
    policyRule: { text: `${consent.purpose} ${consent.text_version}` },
  }));
  const section = (title: string, resources: { id: string }[]) => ({ title, entry: resources.map(({ id }) => ({ reference: url(id) })) });
  const composition = {
    resourceType: 'Composition',
    id: newId(),
    status: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '60591-5', display: 'Patient summary Document' }] },
    subject: { reference: url(client.id) },
    date: at,
    author: [{ reference: url(client.id) }],
    title: '我的记录 My record',
    section: [section('服务 Visits', encounters), section('同意 Consents', agreed)].filter((one) => one.entry.length > 0),
  };
  return {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: url(newId()) },
    timestamp: at,
    entry: [composition, patient, ...encounters, ...agreed].map((resource) => ({ fullUrl: url(resource.id), resource })),
  };
}
