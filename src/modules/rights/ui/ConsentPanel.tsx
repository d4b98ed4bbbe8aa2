import { Button, Group, Paper, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { ageOn, today } from '../../../kit/day.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { post, send, tell, tried, useAsked, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { SignaturePad } from '../../../web/SignaturePad.tsx';
import { useSay } from '../../../web/words.ts';
import { giveConsent, ownConsentAge, purposes, withdrawConsent } from '../consent.ts';

export interface ConsentLine {
  id: string;
  purpose: string;
  text_version: string;
  given_on: string;
  given_by: string;
  how: string;
  withdrawn_on: string | null;
}
interface Texts {
  texts: { purpose: string; version: string; zh: string; en: string }[];
}
type Purpose = (typeof purposes)[number];

/** What a client has agreed to: given on screen or by word, withdrawn in one step; and the code that opens her own record. */
export function ConsentPanel({ client }: { client: { id: string; born_on: string; purposes: string[] } }) {
  const { say, option } = useSay();
  const { data: session } = useSession();
  const history = useAsked<{ consents: ConsentLine[] }>(`/api/clients/${client.id}/consents`);
  const [giving, setGiving] = useState<Purpose>();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [code, setCode] = useState<string>();
  const may = (name: string) => session?.commands.includes(name) ?? false;
  const withdraw = async (purpose: Purpose) => {
    if (window.confirm(say(purpose === 'care' ? 'consent.withdraw_care_sure' : 'consent.withdraw_sure', { purpose: option('purpose', purpose) })))
      setFindings(await send(withdrawConsent, { client_id: client.id, purpose, withdrawn_on: today() }));
  };
  const handOver = async () => setFindings(await tried(async () => setCode((await post<{ code: string }>('/api/codes', { client_id: client.id })).code)));
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('consent.title')}
      </Title>
      <Findings of={findings} />
      <Table>
        <Table.Tbody>
          {purposes.map((purpose) => (
            <Table.Tr key={purpose}>
              <Table.Td>{option('purpose', purpose)}</Table.Td>
              <Table.Td>
                {client.purposes.includes(purpose) ? (
                  <span className="verdict met">{say('consent.given')}</span>
                ) : (
                  <span className="verdict hidden">{say('consent.not_given')}</span>
                )}
              </Table.Td>
              <Table.Td>
                {client.purposes.includes(purpose)
                  ? may(withdrawConsent.name) && (
                      <Button size="compact-sm" variant="subtle" onClick={() => withdraw(purpose)}>
                        {say('consent.withdraw')}
                      </Button>
                    )
                  : may(giveConsent.name) && (
                      <Button size="compact-sm" variant="light" onClick={() => setGiving(purpose)}>
                        {say('consent.give')}
                      </Button>
                    )}
                {purpose === 'portal' && client.purposes.includes('portal') && may('rights.hand_over') && (
                  <Button size="compact-sm" variant="light" onClick={handOver}>
                    {say('consent.code')}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {code && (
        <Paper withBorder p="md" role="status">
          <Text>{say('consent.code_how')}</Text>
          <Text className="numbers" fw={700} size="xl" ff="monospace">
            {code}
          </Text>
        </Paper>
      )}
      {giving && <Give client={client} purpose={giving} done={() => setGiving(undefined)} />}
      <Asking of={history}>{(found) => <History consents={found.consents} />}</Asking>
    </section>
  );
}

function Give({ client, purpose, done }: { client: { id: string; born_on: string }; purpose: Purpose; done: () => void }) {
  const { say, option, language, finding } = useSay();
  const texts = useAsked<Texts>('/api/consent-texts');
  const [how, setHow] = useState<'signature' | 'verbal'>('signature');
  const [signature, setSignature] = useState('');
  const [witness, setWitness] = useState('');
  const [guardian, setGuardian] = useState('');
  const [alone, setAlone] = useState(false);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const isChild = ageOn(client.born_on, today()) < ownConsentAge;
  const text = texts.data?.texts.filter((one) => one.purpose === purpose).at(-1);
  const errorOf = (field: string) => findings.filter((one) => one.field === field).map((one) => finding(one, false))[0];
  const save = async () => {
    const wrong = await tell(giveConsent.name, {
      consent_id: newId(),
      client_id: client.id,
      purpose,
      text_version: text?.version,
      language,
      given_on: today(),
      given_by: isChild ? 'guardian' : 'client',
      given_alone: alone,
      how,
      ...(how === 'signature' ? { signature } : { witness }),
      ...(isChild ? { guardian } : {}),
    });
    setFindings(wrong);
    if (wrong.length === 0) done();
  };
  return (
    <Paper withBorder p="md" mt="sm">
      <Stack gap="sm">
        <Title order={3} size="h5">
          {option('purpose', purpose)}
        </Title>
        <Text>{text?.[language]}</Text>
        <label>
          <input type="checkbox" checked={alone} onChange={(event) => setAlone(event.currentTarget.checked)} /> {say('consent.alone')}
        </label>
        {isChild && (
          <TextInput label={say('field.guardian')} value={guardian} onChange={(event) => setGuardian(event.currentTarget.value)} error={errorOf('guardian')} />
        )}
        <Select
          label={say('field.how')}
          data={['signature', 'verbal'].map((value) => ({ value, label: option('how', value) }))}
          value={how}
          onChange={(next) => setHow((next as 'verbal') ?? 'signature')}
          allowDeselect={false}
        />
        {how === 'signature' ? (
          <SignaturePad value={signature} change={setSignature} />
        ) : (
          <TextInput label={say('field.witness')} value={witness} onChange={(event) => setWitness(event.currentTarget.value)} error={errorOf('witness')} />
        )}
        <Findings of={findings} />
        <Group>
          <Button onClick={save}>{say('consent.agree')}</Button>
          <Button variant="subtle" onClick={done}>
            {say('consent.no')}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}

/** The complete history of consents, withdrawn ones too. */
export function History({ consents }: { consents: readonly ConsentLine[] }) {
  const { say, option } = useSay();
  if (consents.length === 0) return null;
  return (
    <details>
      <summary>{say('consent.history', { count: consents.length })}</summary>
      <Table className="numbers">
        <Table.Tbody>
          {consents.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>{one.given_on}</Table.Td>
              <Table.Td>{option('purpose', one.purpose)}</Table.Td>
              <Table.Td>
                {option('how', one.how)} · {option('given_by', one.given_by)} · {one.text_version}
              </Table.Td>
              <Table.Td>{one.withdrawn_on ? say('consent.withdrawn_on', { day: one.withdrawn_on }) : ''}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  );
}
