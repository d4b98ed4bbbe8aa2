import { Alert, Button, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { today } from '../../../kit/day.ts';
import { type Ask, isAsked, readAnswers } from '../../../kit/form.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { send, useAsked, useSession } from '../../../web/api.ts';
import { type Draft, FormFields } from '../../../web/FormFields.tsx';
import { useSay } from '../../../web/words.ts';
import { checkVisit, recordVisit, services, type Visit, visitForm } from '../visit.ts';
import type { ClientAnswer } from './ClientPage.tsx';

const about = ['visited_on', 'place_code', 'facility_id', 'decision', 'served_on'];
const last = ['product_code', 'quantity', 'charge_fen', 'follow_up_consented', 'note'];
const ofLine = Object.keys(visitForm.asks).filter((field) => !about.includes(field) && !last.includes(field) && field !== 'service');

/** Recording a visit: the same rules hint here that are law on the server. */
export function RecordVisitPage() {
  const { client: id } = useParams({ from: '/people/$client/visit' });
  const client = useAsked<ClientAnswer>(`/api/clients/${id}`);
  return <Asking of={client}>{(found) => <RecordVisit client={found} />}</Asking>;
}

function RecordVisit({ client }: { client: ClientAnswer }) {
  const { say, option, finding, name, placeName } = useSay();
  const navigate = useNavigate();
  const { data: session } = useSession();
  const { data: products } = useAsked<{ products: { code: string; name: { zh: string; en: string } }[] }>('/api/products');
  const { data: here } = useAsked<{ facilities: { id: string; facility_number: string; name_zh: string; name_en: string | null }[] }>(
    `/api/places/${session?.place_code}/particulars`,
    { enabled: session !== undefined },
  );
  const [entry] = useState(() => newId());
  const [answers, setAnswers] = useState<Draft>(() => ({
    visit_id: newId(),
    client_id: client.id,
    service: 'contraception',
    visited_on: today(),
    place_code: client.place_code,
    charge_fen: 0,
    follow_up_consented: client.follow_up_consented,
  }));
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
    setAnswers({ ...answers, [field]: value });
    if (wasSent) setFindings(check(withoutStray({ ...given, [field]: value })));
  };
  const save = async () => {
    setSent(true);
    const wrong = check(given);
    const refused = wrong.length > 0 ? wrong : await send(recordVisit, given as Visit, entry);
    setFindings(refused);
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
        {say('visit.record')} · {client.name}
      </Title>
      <Text c="dimmed">{say('visit.how')}</Text>
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
      {findings.length > 0 && (
        <Alert color="red" variant="light" role="alert" title={say('visit.not_yet')}>
          {findings.map((one) => (
            <div key={one.field + one.rule}>{finding(one)}</div>
          ))}
        </Alert>
      )}
      <Group className="stick">
        <Button size="md" onClick={save}>
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
