/**
 * What a column says about a person, which decides what it may count towards [R1]:
 * quality – how well the service did; dimension – who came and for what; choice – what the person decided or wanted;
 * body – what was done to or found in a body.
 */
export type Nature = 'quality' | 'dimension' | 'choice' | 'body';

/** The column figures roll up by: the place, and all above it; or the facility, which stands alone. */
export type By = 'place_code' | 'facility_id';

export interface Source {
  /** The day a row belongs to. */
  on: string;
  /** The column that says whose row it is, where people are counted. */
  person?: string;
  /** The column that is added up instead of counting rows. */
  sum?: string;
  always: string;
  /** Its rows know their facility. */
  hasFacility?: boolean;
  columns: Record<string, { type: 'text' | 'list' | 'yes_no' | 'number'; nature: Nature }>;
}

const text = (nature: Nature) => ({ type: 'text', nature }) as const;
const list = (nature: Nature) => ({ type: 'list', nature }) as const;
const yesNo = (nature: Nature) => ({ type: 'yes_no', nature }) as const;
const number = (nature: Nature) => ({ type: 'number', nature }) as const;

/** The tables an indicator may read, and of each the columns it may use. A column that is not here cannot be counted. */
export const sources: Record<string, Source> = {
  'care.visit': {
    on: 'visited_on',
    person: 'client_id',
    always: 'not voided and not restricted',
    hasFacility: true,
    columns: {
      service: text('dimension'),
      client_sex: text('dimension'),
      client_age: number('dimension'),
      residence: text('dimension'),
      client_is: text('dimension'),
      follow_up_consented: yesNo('choice'),
      decision: text('choice'),
      honoured: yesNo('quality'),
      on_free_list: yesNo('dimension'),
      charge_fen: number('quality'),
      informed_points: list('quality'),
      methods_explained: list('quality'),
      none_explained: yesNo('quality'),
      choice_by: text('quality'),
      method_before: text('choice'),
      method_chosen: text('choice'),
      method_received: yesNo('quality'),
      not_received_reason: text('quality'),
      product_code: text('choice'),
      quantity: number('choice'),
      procedure: text('body'),
      consent_complete: yesNo('quality'),
      complication: yesNo('quality'),
      serious_accident: yesNo('quality'),
      items_done: list('quality'),
      risk: text('body'),
      high_risk: yesNo('body'),
      advised_face_to_face: yesNo('quality'),
      folic_offered: yesNo('quality'),
      folic_wanted: yesNo('choice'),
      folic_given_full: yesNo('quality'),
      folic_kept: yesNo('choice'),
      common_disease_offered: yesNo('quality'),
      cervical_offered: yesNo('quality'),
      four_ones: list('quality'),
      result: text('body'),
      finding_kinds: list('body'),
    },
  },
  'care.follow_up': {
    on: 'closes_on',
    person: 'client_id',
    always: 'not voided and not restricted',
    hasFacility: true,
    columns: { kind: text('dimension'), consented: yesNo('choice'), in_window: yesNo('quality'), status: text('quality'), outcome: text('body') },
  },
  /** Days of a month with and without stock, by facility and product: counted by server-stock.ts from the movements. */
  'evaluation.stock_month': { on: 'month_on', sum: 'days', always: 'true', hasFacility: true, columns: { stocked: yesNo('quality') } },
  'registry.birth_count': { on: 'month_on', sum: 'births', always: 'true', columns: { sex: text('body') } },
};
