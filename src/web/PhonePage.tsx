import { Alert, Button, Group, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Finding } from '../kit/problem.ts';
import { queries, tried, useSession } from './api.ts';
import { Findings } from './Findings.tsx';
import { TextLink } from './links.tsx';
import { carry, forget, forgetEviction, phone, type SyncState, syncNow } from './sync.ts';
import { useSync, wordsOfState } from './use-sync.ts';
import { useSay } from './words.ts';

/** Work without a network: what this phone carries, under a PIN; what waits to be sent; what was refused and why. */
export function PhonePage() {
  const { say } = useSay();
  const state = useSync();
  return (
    <Stack maw={640}>
      <Title order={1}>{say('phone.title')}</Title>
      {state?.evicted && <Evicted {...state.evicted} />}
      {state && !state.isCarrying && <Begin />}
      {state?.isCarrying && !state.isOpen && <Unlock waiting={state.waiting} hasPasskey={state.hasPasskey} />}
      {state?.isOpen && <State state={state} />}
      {state?.isOpen && !state.hasPasskey && 'credentials' in navigator && <OwnLock />}
    </Stack>
  );
}

/** The browser cleared what this phone carried: said, with what was lost, and not passed over. */
function Evicted({ waiting, at }: { waiting: number; at: string | undefined }) {
  const { say, moment } = useSay();
  return (
    <Alert color="red" role="alert" withCloseButton closeButtonLabel={say('phone.dismiss')} onClose={forgetEviction}>
      {say(waiting > 0 ? 'phone.evicted_waiting' : 'phone.evicted', { count: waiting, at: at ? moment(at) : '–' })}
    </Alert>
  );
}

function Pin({ label, isNew, act }: { label: string; isNew: boolean; act: (pin: string) => Promise<string | undefined> }) {
  const { say } = useSay();
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const pin = String(new FormData(event.currentTarget).get('pin') ?? '');
    if (!/^\d{6,}$/.test(pin)) return setWrong(say('phone.pin_rule'));
    setBusy(true);
    setWrong(await act(pin));
    setBusy(false);
  };
  return (
    <form onSubmit={submit} className="card">
      <Stack gap="sm" maw={320}>
        <PasswordInput
          name="pin"
          label={say('phone.pin')}
          description={say('phone.pin_rule')}
          inputMode="numeric"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          error={wrong}
          required
          visibilityToggleButtonProps={{ 'aria-label': say('sign_in.show') }}
        />
        <Group>
          <Button type="submit" loading={isBusy}>
            {label}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Begin() {
  const { say } = useSay();
  const { data: session } = useSession();
  if (!session?.reads.includes('pull')) return <Text>{say('phone.not_for_you')}</Text>;
  return (
    <>
      <Text>{say('phone.how')}</Text>
      <Pin
        label={say('phone.begin')}
        isNew
        act={async (pin) => {
          await carry(pin);
          return undefined;
        }}
      />
    </>
  );
}

function Unlock({ waiting, hasPasskey }: { waiting: number; hasPasskey: boolean }) {
  const { say } = useSay();
  const [wrong, setWrong] = useState<readonly Finding[]>([]);
  const opened = async () => {
    await queries.resetQueries();
    void syncNow();
  };
  return (
    <>
      <Text>{say('phone.locked', { count: waiting })}</Text>
      <Pin
        label={say('phone.unlock')}
        isNew={false}
        act={async (pin) => {
          const left = await phone.unlock(pin);
          if (left !== undefined) return say(left > 0 ? 'phone.wrong_pin' : 'phone.wiped', { left });
          await opened();
          return undefined;
        }}
      />
      {hasPasskey && (
        <Group>
          <Button
            variant="light"
            onClick={async () => {
              setWrong(await tried(() => phone.unlockWithPasskey()));
              if (phone.isOpen) await opened();
            }}
          >
            {say('phone.unlock_passkey')}
          </Button>
        </Group>
      )}
      <Findings of={wrong} />
    </>
  );
}

function State({ state }: { state: SyncState }) {
  const { say, moment } = useSay();
  return (
    <section className="card">
      <Stack gap="xs">
        <Text role="status" fw={600}>
          {say(wordsOfState(state), { waiting: state.waiting, refused: state.refused.length })}
        </Text>
        <Text className="numbers">{say('phone.rows', { count: state.rows })}</Text>
        <Text c="dimmed">{state.at ? say('phone.synced', { at: moment(state.at) }) : say('phone.never')}</Text>
        {state.trouble && <Text c="dimmed">{say(`rule.${state.trouble}`)}</Text>}
        {state.ofOthers > 0 && <Text>{say('phone.of_others', { count: state.ofOthers })}</Text>}
        {(state.full ?? 0) > 0.8 && <Alert color="red">{say('phone.nearly_full', { percent: Math.round((state.full ?? 0) * 100) })}</Alert>}
        {!state.isPersistent && <Text c="dimmed">{say('phone.not_persistent')}</Text>}
        {Math.abs(state.clockWrong) > 10 && <Alert color="orange">{say('phone.clock_wrong', { minutes: Math.abs(state.clockWrong) })}</Alert>}
        {state.refused.map((one) => (
          <div key={one.id}>
            <Findings of={one.findings ?? []} title={say(`command.${one.name}`)} />
            <Group gap="xs">
              {one.name === 'care.amend' && one.input['visit_id'] ? (
                <TextLink to="/people/$client/visits/$visit" params={{ client: String(one.input['client_id']), visit: String(one.input['visit_id']) }}>
                  {say('phone.decide')}
                </TextLink>
              ) : null}
              <Button size="compact-sm" variant="subtle" onClick={() => phone.retry()}>
                {say('phone.retry')}
              </Button>
              <Button size="compact-sm" variant="subtle" onClick={() => phone.dismiss(one.id)}>
                {say('phone.dismiss')}
              </Button>
            </Group>
          </div>
        ))}
        <Group>
          <Button onClick={() => syncNow()}>{say('phone.sync')}</Button>
          <Button variant="outline" onClick={() => phone.close()}>
            {say('phone.close')}
          </Button>
          <Button
            variant="subtle"
            onClick={async () => {
              if (window.confirm(say(state.waiting > 0 ? 'phone.remove_waiting' : 'phone.remove_sure', { count: state.waiting }))) {
                await forget();
              }
            }}
          >
            {say('phone.remove')}
          </Button>
        </Group>
      </Stack>
    </section>
  );
}

/** The phone's own lock opens it too; the PIN is asked for once more, so that whoever holds an open phone cannot add a way in. */
function OwnLock() {
  const { say } = useSay();
  const { data: session } = useSession();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  return (
    <section>
      <Text mb="xs">{say('phone.passkey_how')}</Text>
      <Pin
        label={say('phone.add_passkey')}
        isNew={false}
        act={async (pin) => {
          let isRight = true;
          setFindings(
            await tried(async () => {
              isRight = await phone.addPasskey(pin, session?.display_name ?? 'Zhiyuan');
            }),
          );
          return isRight ? undefined : say('phone.wrong_pin_once');
        }}
      />
      <Findings of={findings} />
    </section>
  );
}
