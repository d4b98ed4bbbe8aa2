import type { Command } from '../../kit/command.ts';
import type { Ask } from '../../kit/form.ts';
import { completeFollowUp, followUpKinds } from '../care/follow-up.ts';
import { recordVisit } from '../care/visit.ts';
import { registerClient } from '../registry/client.ts';
import { countBirths, countPopulation, enrolWorker, estimate, openFacility, openPlace } from '../registry/place.ts';
import { receiveStock } from '../supplies/stock.ts';

/** One column of a sheet: its key, which is the field's name, and how its cells are read. */
export interface Column {
  key: string;
  ask: Ask;
}

/** One sheet of a workbook: a form, with numbers people know in place of identifiers. */
export interface Sheet {
  name: string;
  zh: string;
  en: string;
  command: Command;
  /** Answers every row has without a column. */
  fixed: Record<string, unknown>;
  columns: Column[];
}

const text = (required: boolean, example: string): Ask => ({ kind: 'text', max: 40, required, example });
const numbers = {
  client: { key: 'client_number', ask: text(true, 'C-000001') },
  facility: { key: 'facility_number', ask: text(true, 'T-005') },
  worker: { key: 'worker_number', ask: text(false, 'T-005-W1') },
  visit: { key: 'visit_number', ask: text(true, 'V-2025-00001') },
};

function columnsOf(command: Command, only: (field: string, ask: Ask) => boolean = () => true): Column[] {
  return Object.entries(command.form.asks)
    .filter(([field, ask]) => !ask.hidden && ask.kind !== 'id' && only(field, ask))
    .map(([key, ask]) => ({ key, ask }));
}

function plain(name: string, zh: string, en: string, command: unknown): Sheet {
  return { name, zh, en, command: command as Command, fixed: {}, columns: columnsOf(command as Command) };
}

function visits(service: string, zh: string, en: string): Sheet {
  const command = recordVisit as unknown as Command;
  const elsewhere = (ask: Ask) => ask.when?.field === 'service' && !ask.when.is.includes(service);
  const ofLine = new Set(
    Object.entries(command.form.asks)
      .filter(([, ask]) => !elsewhere(ask))
      .map(([field]) => field),
  );
  const isHere = (field: string, ask: Ask) => field !== 'service' && ofLine.has(field) && (!ask.when || ofLine.has(ask.when.field));
  return {
    name: `visits_${service}`,
    zh,
    en,
    command,
    fixed: { service },
    columns: [numbers.visit, numbers.client, numbers.facility, numbers.worker, ...columnsOf(command, isHere)],
  };
}

/** All sheets, in the order in which they are read: what others refer to comes first. */
export const sheets: readonly Sheet[] = [
  plain('places', '地点', 'Places', openPlace),
  plain('population', '人口', 'Population', countPopulation),
  plain('estimates', '估计数', 'Estimates', estimate),
  plain('births', '出生数', 'Births', countBirths),
  plain('facilities', '机构', 'Facilities', openFacility),
  plain('health_workers', '人员', 'Health workers', enrolWorker),
  plain('stock', '药具入库', 'Stock', receiveStock),
  plain('clients', '服务对象', 'Clients', registerClient),
  visits('contraception', '避孕服务', 'Contraception visits'),
  visits('preconception', '孕前检查', 'Preconception visits'),
  visits('screening', '妇女病筛查', 'Screening visits'),
  {
    name: 'follow_ups',
    zh: '随访',
    en: 'Follow-ups',
    command: completeFollowUp as unknown as Command,
    fixed: {},
    columns: [
      numbers.visit,
      { key: 'kind', ask: { kind: 'choice', required: true, options: followUpKinds } },
      { key: 'step', ask: { kind: 'number', required: true, min: 0, max: 99, example: '3' } },
      ...columnsOf(completeFollowUp as unknown as Command),
    ],
  },
];
