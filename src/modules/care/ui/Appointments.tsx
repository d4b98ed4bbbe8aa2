import { Button, Group, Select, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { today } from '../../../kit/day.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { send, tell, useAsked, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { type Draft, FormFields } from '../../../web/FormFields.tsx';
import { useSay } from '../../../web/words.ts';
import { book, cancelAppointment, checkIn, rebook } from '../appointment.ts';
import { chooseContact } from '../message.ts';
import { services } from '../visit.ts';

export interface SessionLine {
  id: string;
  facility_id: string;
  place_code: string;
  held_on: string;
  opens_at: string;
  closes_at: string;
  name_zh: string;
  name_en: string | null;
  slots: { at: string; free: number }[];
}
interface AppointmentLine {
  id: string;
  session_id: string;
  held_on: string;
  slot_at: string;
  service: string;
  status: string;
  queue_number: number | null;
  name_zh?: string;
  name_en?: string | null;
}
interface Answer {
  appointments: AppointmentLine[];
  contact: { channel: string; from_hour: number; to_hour: number; language: string } | null;
  messages: { id: string; kind: string; channel: string | null; status: string; last_at: string | null; next_at: string }[];
}

/** A client's appointments, for whoever serves her and for herself: book, move, cancel; and how she wants to be told. */
export function Appointments({ client, path, place }: { client: { id: string; sex?: string; purposes: string[] }; path: string; place?: string }) {
  const { say, option, placeName } = useSay();
  const { data: session } = useSession();
  const { data } = useAsked<Answer>(path);
  const [moving, setMoving] = useState<string>();
  const [isBooking, setBooking] = useState(false);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const may = (command: { name: string }) => session?.commands.includes(command.name) ?? false;
  if (!data) return null;
  const act = async (work: Promise<readonly Finding[]>) => {
    const wrong = await work;
    setFindings(wrong);
    if (wrong.length === 0) {
      setMoving(undefined);
      setBooking(false);
    }
  };
  const take = (session_id: string, slot_at: string, service: string) => {
    if (moving) return act(send(rebook, { appointment_id: moving, client_id: client.id, session_id, slot_at }));
    return act(send(book, { appointment_id: newId(), client_id: client.id, session_id, slot_at, service: service as (typeof services)[number] }));
  };
  return (
    <section className="card">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {say('appointment.title')}
        </Title>
        {may(book) && (
          <Button size="compact-md" variant="light" onClick={() => setBooking(!isBooking)}>
            {say('command.care.book')}
          </Button>
        )}
      </Group>
      <Findings of={findings} />
      <Stack gap={4} mt="xs" className="numbers">
        {data.appointments.map((one) => (
          <Group key={one.id} gap="xs">
            <Text>
              {one.held_on} {one.slot_at} · {one.name_zh ? placeName({ name_zh: one.name_zh, name_en: one.name_en ?? null }) : ''} ·{' '}
              {option('service', one.service)}
            </Text>
            <span className={`verdict ${one.status === 'cancelled' ? 'hidden' : 'met'}`}>
              {option('status', one.status)}
              {one.queue_number ? ` · ${say('appointment.number', { number: one.queue_number })}` : ''}
            </span>
            {one.status === 'booked' && may(checkIn) && one.held_on === today() && (
              <Button size="compact-xs" onClick={() => act(send(checkIn, { appointment_id: one.id, client_id: client.id, came_on: today() }))}>
                {say('command.care.check_in')}
              </Button>
            )}
            {['booked', 'cancelled'].includes(one.status) && may(rebook) && (
              <Button size="compact-xs" variant="subtle" onClick={() => setMoving(one.id)}>
                {say('command.care.rebook')}
              </Button>
            )}
            {one.status === 'booked' && may(cancelAppointment) && (
              <Button size="compact-xs" variant="subtle" onClick={() => act(send(cancelAppointment, { appointment_id: one.id, client_id: client.id }))}>
                {say('command.care.cancel_appointment')}
              </Button>
            )}
          </Group>
        ))}
        {data.appointments.length === 0 && <Text c="dimmed">{say('appointment.none')}</Text>}
      </Stack>
      {(isBooking || moving) && <Slots place={place} isMove={moving !== undefined} sex={client.sex} take={take} />}
      {client.purposes.includes('reminders') && may(chooseContact) && <Contact client={client.id} chosen={data.contact} act={act} />}
      {data.messages.length > 0 && (
        <>
          <Title order={3} size="h5" mt="sm">
            {say('message.title')}
          </Title>
          <Messages messages={data.messages} />
        </>
      )}
    </section>
  );
}

function Messages({ messages }: { messages: Answer['messages'] }) {
  const { option, moment } = useSay();
  return (
    <ul className="plain numbers">
      {messages.map((one) => (
        <li key={one.id}>
          {moment(one.last_at ?? one.next_at)} · {option('kind', one.kind)} · {one.channel ? `${option('channel', one.channel)} · ` : ''}
          {option('status', one.status)}
        </li>
      ))}
    </ul>
  );
}

interface SlotsProps {
  place: string | undefined;
  isMove: boolean;
  sex: string | undefined;
  take: (session: string, slot: string, service: string) => void;
}

/** The free slots of the stations around, session by session. */
function Slots({ place, isMove, sex, take }: SlotsProps) {
  const { say, option, placeName } = useSay();
  const { data } = useAsked<{ sessions: SessionLine[] }>(place ? `/api/sessions?place=${place}` : '/api/sessions');
  const [chosen, setChosen] = useState<string | null>(null);
  const [service, setService] = useState<string>('contraception');
  const bookable = (data?.sessions ?? []).filter((one) => !place || place.startsWith(one.place_code));
  const session = bookable.find((one) => one.id === chosen) ?? bookable[0];
  if (!data) return null;
  if (!session) return <Text mt="sm">{say('appointment.no_sessions')}</Text>;
  return (
    <Stack gap="xs" mt="sm">
      <Select
        label={say('field.session_id')}
        data={bookable.map((one) => ({ value: one.id, label: `${one.held_on} ${one.opens_at}–${one.closes_at} ${placeName(one)}` }))}
        value={session.id}
        onChange={setChosen}
        searchable
      />
      {!isMove && (
        <Select
          label={say('field.service')}
          data={services.filter((one) => one !== 'screening' || sex !== 'male').map((one) => ({ value: one, label: option('service', one) }))}
          value={service}
          onChange={(next) => setService(next ?? 'contraception')}
        />
      )}
      <Group gap="xs">
        {session.slots.map((slot) => (
          <Button key={slot.at} size="compact-md" variant="outline" disabled={slot.free === 0} onClick={() => take(session.id, slot.at, service)}>
            {slot.at} · {slot.free > 0 ? say('appointment.free', { count: slot.free }) : say('appointment.full')}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}

function Contact({ client, chosen, act }: { client: string; chosen: Answer['contact']; act: (work: Promise<readonly Finding[]>) => Promise<void> }) {
  const { say, option, language } = useSay();
  const [isOpen, setOpen] = useState(false);
  const [answers, setAnswers] = useState<Draft>({ channel: 'sms', from_hour: 8, to_hour: 20, language, ...chosen });
  return (
    <Stack gap="xs" mt="sm">
      <Group gap="xs">
        <Text>
          {say('message.by')}：
          {chosen ? `${option('channel', chosen.channel)}，${say('message.hours', { from: chosen.from_hour, to: chosen.to_hour })}` : say('message.not_chosen')}
        </Text>
        <Button size="compact-xs" variant="subtle" onClick={() => setOpen(!isOpen)}>
          {say('message.change')}
        </Button>
      </Group>
      {isOpen && (
        <>
          <FormFields form={chooseContact.form} answers={answers} findings={[]} change={(field, value) => setAnswers({ ...answers, [field]: value })} />
          <Group>
            <Button
              size="compact-md"
              onClick={async () => {
                const { email, ...rest } = answers;
                await act(tell(chooseContact.name, { client_id: client, ...rest, ...(answers['channel'] === 'email' && email ? { email } : {}) }));
                setOpen(false);
              }}
            >
              {say('save')}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}
