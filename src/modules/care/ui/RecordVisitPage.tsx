import { Button, Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { today } from '../../../kit/day.ts';
import { type Ask, isAsked, readAnswers } from '../../../kit/form.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { queries, send, useAsked, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { type Draft, FormFields } from '../../../web/FormFields.tsx';
import { hintsOf } from '../../../web/hints.ts';
import { Resumed } from '../../../web/Resumed.tsx';
import { phone } from '../../../web/sync.ts';
import { Unlikely } from '../../../web/Unlikely.tsx';
import { type Filling, useDraft, useFilling } from '../../../web/use-draft.ts';
import { useSync } from '../../../web/use-sync.ts';
import { useSay } from '../../../web/words.ts';
import { amendVisit, checkVisit, recordVisit, services, unlikelyInVisit, type Visit, visitForm } from '../visit.ts';
import type { ClientAnswer } from './ClientPage.tsx';

const about = ['visited_on', 'place_code', 'facility_id', 'decision', 'served_on'];
const last = ['product_code', 'quantity', 'charge_fen', 'follow_up_consented', 'note'];
const ofLine = Object.keys(visitForm.asks).filter((field) => !about.includes(field) && !last.includes(field) && field !== 'service');

/** Recording a visit: the same rules hint here that are law on the server. */
export function RecordVisitPage() {
  const { client: id } = useParams({ from: '/people/$client/visit' });
  const client = useAsked<ClientAnswer>(`/api/clients/${id}`);
  const draft = useDraft(id);
  return <Asking of={client}>{(found) => (draft ? <RecordVisit client={found} draft={draft.kept} /> : null)}</Asking>;
}

/** A visit put right: the same page with what was recorded, sent with the version that was seen. */
export function AmendVisitPage() {
  const { client: id, visit } = useParams({ from: '/people/$client/visits/$visit' });
  const client = useAsked<ClientAnswer>(`/api/clients/${id}`);
  const visits = useAsked<{ visits: (Draft & { id: string; version: number })[] }>(`/api/clients/${id}/visits`);
  const [seen, setSeen] = useState<Draft & { version: number }>();
  const now = visits.data?.visits.find((one) => one.id === visit);
  // What this phone sent and the station refused because somebody was quicker is put beside what stands now.
  const sync = useSync();
  const refused = sync?.refused.find((one) => one.name === amendVisit.name && one.input['visit_id'] === visit);
  if (now && sync && !seen) setSeen(refused ? { ...now, ...refused.input, id: visit, version: Number(refused.input['version']) } : now);
  return (
    <Asking of={client}>
      {(found) =>
        seen ? (
          <RecordVisit
            client={found}
            before={seen}
            newer={now && now.version !== seen.version ? now : undefined}
            done={refused ? () => phone.dismiss(refused.id) : undefined}
          />
        ) : null
      }
    </Asking>
  );
}

/** What two people said differently about one visit, side by side: nothing is overwritten unseen. */
function Newer({ mine, theirs, take }: { mine: Draft; theirs: Draft; take: (field: string) => void }) {
  const { say, option } = useSay();
  const shown = (field: string, value: unknown) =>
    value === undefined || value === null
      ? '–'
      : [value]
          .flat()
          .map((one) => option(field, String(one)))
          .join('、');
  const differing = Object.keys(visitForm.asks).filter(
    (field) => JSON.stringify(mine[field] ?? null) !== JSON.stringify(theirs[field] ?? null) && field !== 'visit_id',
  );
  return (
    <section className="card" role="alert">
      <Title order={2} size="h4">
        {say('visit.newer')}
      </Title>
      <Text c="dimmed">{say('visit.newer_how')}</Text>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{say('visit.answer')}</Table.Th>
            <Table.Th>{say('visit.mine')}</Table.Th>
            <Table.Th>{say('visit.theirs')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {differing.map((field) => (
            <Table.Tr key={field}>
              <Table.Td>{say(`field.${field}`)}</Table.Td>
              <Table.Td>{shown(field, mine[field])}</Table.Td>
              <Table.Td>
                {shown(field, theirs[field])}{' '}
                <Button size="compact-xs" variant="light" onClick={() => take(field)}>
                  {say('visit.take_theirs')}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

/** A visit as it was recorded, as answers of the form: without what the table knows besides. */
function answersOf(before: Draft): Draft {
  return Object.fromEntries(
    Object.keys(visitForm.asks).flatMap((field) => (before[field] === null || before[field] === undefined ? [] : [[field, before[field]]])),
  );
}

interface RecordProps {
  client: ClientAnswer;
  before?: Draft & { version: number };
  newer?: Draft | undefined;
  /** What was half filled in the last time. */
  draft?: Filling | undefined;
  /** Told when it was sent. */
  done?: (() => Promise<void>) | undefined;
}

function RecordVisit({ client, before, newer, draft, done }: RecordProps) {
  const { say, option, name, placeName } = useSay();
  const navigate = useNavigate();
  const { data: session } = useSession();
  const { data: products } = useAsked<{ products: { code: string; name: { zh: string; en: string }; yearly_cap?: number }[] }>('/api/products');
  const { data: here } = useAsked<{ facilities: { id: string; facility_number: string; name_zh: string; name_en: string | null }[] }>(
    `/api/places/${session?.place_code}/particulars`,
    { enabled: session !== undefined },
  );
  const filling = useFilling(before ? undefined : client.id, draft, () => ({
    visit_id: newId(),
    client_id: client.id,
    service: 'contraception',
    visited_on: today(),
    place_code: client.place_code,
    charge_fen: 0,
    follow_up_consented: client.follow_up_consented,
    ...(before ? { ...answersOf(before), visit_id: before['id'] } : {}),
  }));
  const { entry, answers } = filling;
  const [version, setVersion] = useState(before?.version);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [wasSent, setSent] = useState(false);
  const given: Draft = withoutStray({
    ...(session?.facility_id ? { facility_id: session.facility_id } : {}),
    ...(session?.health_worker_id ? { health_worker_id: session.health_worker_id } : {}),
    ...answers,
    ...(answers['decision'] === 'accepted' && answers['served_on'] === undefined ? { served_on: answers['visited_on'] } : {}),
  });
  const check = (draft: Draft): readonly Finding[] => {
    const read = readAnswers(visitForm, draft);
    return read.findings.length > 0 ? read.findings : checkVisit(read.answers as Visit, client, today());
  };
  const change = (field: string, value: unknown) => {
    filling.change(field, value);
    const draft = withoutStray({ ...given, [field]: value });
    const rules = (answered: Draft) => checkVisit(answered as unknown as Visit, client, today());
    setFindings(wasSent ? check(draft) : hintsOf(visitForm, draft, rules, filling.touched, field));
  };
  const [unlikely, setUnlikely] = useState<readonly Finding[]>([]);
  const save = async (isChecked = false) => {
    const wrong = check(given);
    const cap = products?.products.find((product) => product.code === given['product_code'])?.yearly_cap;
    const found = wrong.length > 0 || isChecked ? [] : unlikelyInVisit(given as Visit, client, today(), cap);
    // Of a visit that is put right, only what is changed is asked about.
    const odd = found.filter(({ field }) => !before || given[field] !== before[field]);
    if (odd.length > 0) return setUnlikely(odd);
    const sendIt = () => (version === undefined ? send(recordVisit, given as Visit, entry) : send(amendVisit, { ...(given as Visit), version }));
    const refused = wrong.length > 0 ? wrong : await sendIt();
    // Nothing is drawn anew before it is kept: on a cheap phone drawing takes longer than keeping.
    setSent(true);
    setUnlikely([]);
    setFindings(refused);
    if (refused.some((one) => one.rule === 'changed_meanwhile')) await queries.invalidateQueries();
    if (refused.length === 0) await filling.forget();
    if (refused.length === 0) await done?.();
    if (refused.length === 0) await navigate({ to: '/people/$client', params: { client: client.id } });
  };
  const choices = {
    product_code: products?.products.map((product) => ({ value: product.code, label: name(product.name) })) ?? [],
    facility_id: here?.facilities.map((facility) => ({ value: facility.id, label: `${placeName(facility)} ${facility.facility_number}` })) ?? [],
  };
  const drawn = {
    form: { ...visitForm, asks: { ...visitForm.asks, facility_id: { ...visitForm.asks.facility_id, hidden: false } } },
    answers: given,
    findings,
    change,
    choices,
  };
  return (
    <Stack maw={820}>
      <Title order={1}>
        {say(before ? 'visit.amend' : 'visit.record')} · {client.name}
      </Title>
      <Text c="dimmed">{say('visit.how')}</Text>
      <Resumed of={filling} />
      {newer && (
        <Newer mine={given} theirs={{ ...answersOf(newer), visit_id: given['visit_id'] }} take={(field) => filling.change(field, newer[field] ?? undefined)} />
      )}
      {newer && version !== newer['version'] && (
        <Group>
          <Button variant="outline" onClick={() => setVersion(newer['version'] as number)}>
            {say('visit.keep_mine')}
          </Button>
        </Group>
      )}
      <SegmentedControl
        fullWidth
        aria-label={say('field.service')}
        value={given['service'] as string}
        onChange={(service) => change('service', service)}
        data={services
          .filter((service) => service !== 'screening' || client.sex === 'female')
          .map((service) => ({ value: service, label: option('service', service) }))}
      />
      <div className="card">
        <FormFields {...drawn} only={about} />
      </div>
      <div className="card">
        <FormFields {...drawn} only={ofLine} />
      </div>
      <div className="card">
        <FormFields {...drawn} only={last} />
      </div>
      {/* Before it is sent, what is wrong stands at each question. */}
      <Findings of={wasSent ? findings : []} title={say('visit.not_yet')} />
      <Unlikely of={unlikely} goOn={() => save(true)} />
      <Group className="stick">
        <Button size="md" onClick={() => save()}>
          {say('save')}
        </Button>
      </Group>
    </Stack>
  );
}

/** Answers to questions that are no longer asked do not go along. */
function withoutStray(draft: Draft): Draft {
  const asks = visitForm.asks as Record<string, Ask>;
  let kept = draft;
  for (let round = 0; round < 2; round += 1)
    kept = Object.fromEntries(
      Object.entries(kept).filter(([field, value]) => value !== undefined && (asks[field]?.hidden || isAsked(asks[field] as Ask, kept))),
    );
  return kept;
}
