import { addDays, type Day } from '../kit/day.ts';
import { nationalIdWithCheck } from '../modules/registry/national-id.ts';
import type { Item } from '../platform/room.ts';
import type { Chance } from './chance.ts';
import { county, type DemoPlace, firstOn, type Ground, lastOn } from './ground.ts';

/** A synthetic client and what she will come for. */
export interface DemoClient {
  id: string;
  village: DemoPlace;
  sex: 'male' | 'female';
  born: Day;
  residence: 'resident' | 'migrant';
  consents: boolean;
  method: string;
  from: number;
}

const surnames = [...'王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎'];
const womanly = [...'芳娜敏静丽艳娟霞秀燕玲桂英华慧巧美雅洁红梅兰凤云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉'];
const manly = [...'伟刚勇毅俊峰强军平保东文辉力明永健世广志义兴良海山仁波宁贵福生龙元全国胜学祥才发武新利清飞彬富顺信子杰'];

/** Women by age at the start, weights of five-year bands 15–19 … 60–64; men likewise. */
const womenBands = [3, 14, 22, 22, 14, 9, 7, 4, 3, 2];
const menBands = [1, 10, 24, 26, 16, 10, 6, 4, 2, 1];

/** Method in use, national classes 男扎 女扎 IUD 皮埋 口服注射 避孕套 外用 其他: Beijing 2017, with some of the national mix for the villages. */
const classes = ['vasectomy', 'tubal_ligation', 'iud', 'implant', 'pill_injection', 'condom', 'topical', 'other'];
const urbanMix = [0.02, 0.44, 14.8, 0.6, 4.3, 79, 0.3, 0.5];
const villageMix = [0.3, 4, 32, 1.5, 6, 55, 0.4, 0.8];

/** The clients of the demonstration county: who came, asked or applied in the five years; names, numbers and phones belong to nobody. */
export function people(chance: Chance, { villages }: Ground, count: number): { clients: DemoClient[]; items: Item[] } {
  const weights = villages.map((village) => village.people);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const clients: DemoClient[] = [];
  const items: Item[] = [];
  let share = 0;
  for (const village of villages) {
    share += (village.people / total) * count;
    for (; clients.length < Math.round(share); ) {
      const { client, item } = oneClient(chance, village, clients.length + 1);
      clients.push(client);
      items.push(item);
    }
  }
  return { clients, items };
}

function oneClient(chance: Chance, village: DemoPlace, number: number): { client: DemoClient; item: Item } {
  const sex = chance.hits(0.79) ? 'female' : 'male';
  const age = 15 + chance.weighted(sex === 'female' ? womenBands : menBands) * 5 + chance.between(0, 4);
  const born = addDays(`${2021 - age}-01-01`, chance.between(0, 364));
  const residence = chance.hits(village.isUrban ? 0.27 : 0.14) ? 'migrant' : 'resident';
  // Four in five were clients when the records begin; the others came later.
  const from = chance.hits(0.8) ? 0 : chance.between(1, 54);
  const came = addDays(firstOn, from * 30 + (from ? chance.between(0, 29) : 0));
  const given = sex === 'female' ? womanly : manly;
  const name = chance.pick(surnames) + chance.pick(given) + (chance.hits(0.72) ? chance.pick(given) : '');
  const consents = chance.hits(0.86);
  const client: DemoClient = {
    id: chance.id(came),
    village,
    sex,
    born,
    residence,
    consents,
    method: classes[chance.weighted(village.isUrban ? urbanMix : villageMix)] as string,
    from,
  };
  const serial = String((chance.between(0, 499) * 2 + (sex === 'male' ? 1 : 0)) % 1000).padStart(3, '0');
  const input = {
    client_id: client.id,
    record_number: `C-${String(number).padStart(6, '0')}`,
    place_code: village.code,
    name,
    sex,
    born_on: born,
    residence,
    contact_reason: chance.pick(['came', 'came', 'came', 'asked', 'applied']),
    contacted_on: came > lastOn ? lastOn : came,
    follow_up_consented: consents,
    // 100… is no mobile prefix and 99… no region: these reach and mean nobody.
    ...(chance.hits(0.7) ? { phone: `100${String(chance.between(0, 99_999_999)).padStart(8, '0')}` } : {}),
    ...(chance.hits(0.35) ? { id_number: nationalIdWithCheck(`99${county.slice(2)}${born.replaceAll('-', '')}${serial}`) } : {}),
  };
  return { client, item: { id: chance.id(came), name: 'registry.register', input } };
}

/** Some people registered twice, as happens: so that the page of duplicates has work to show. */
export function twice(chance: Chance, items: readonly Item[], count: number): Item[] {
  return Array.from({ length: count }, (_, index) => {
    const input = chance.pick(items).input as Record<string, unknown>;
    const { phone, id_number, ...rest } = input;
    return {
      id: chance.id(lastOn),
      name: 'registry.register',
      input: {
        ...rest,
        ...(index % 2 ? { phone } : {}),
        client_id: chance.id(lastOn),
        record_number: `D-${String(index + 1).padStart(4, '0')}`,
        contacted_on: lastOn,
      },
    };
  });
}
