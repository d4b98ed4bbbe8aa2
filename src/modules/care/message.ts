import { command } from '../../kit/command.ts';
import { choice, form, id, number, text } from '../../kit/form.ts';
import type { Finding } from '../../kit/problem.ts';

export const channels = ['sms', 'email', 'none'] as const;

/** How a client wants to be told: the channel, the hours, the language. Nobody writes to her in another way. */
export const chooseContact = command({
  name: 'care.choose_contact',
  form: form(
    'contact_choice',
    {
      client_id: id({ required: true, hidden: true }),
      channel: choice({ required: true, options: channels }),
      email: text({
        when: { field: 'channel', is: ['email'] },
        max: 120,
        pattern: /^[^\s@<>",;]+@[^\s@<>",;]+\.[^\s@<>",;]+$/,
        rule: 'not_an_email',
        seal: true,
      }),
      from_hour: number({ required: true, min: 0, max: 23 }),
      to_hour: number({ required: true, min: 1, max: 24 }),
      language: choice({ required: true, options: ['zh', 'en'] }),
    },
    { purpose: 'reminders', basis: 'pipl_14_29', years: 3 },
  ),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (choice) => choice.client_id,
});

/** Asked by the page as hints and by the server as law. */
export function checkContact({
  channel,
  email,
  from_hour,
  to_hour,
}: {
  channel: string;
  email?: string | undefined;
  from_hour: number;
  to_hour: number;
}): Finding[] {
  const findings: Finding[] = [];
  if (channel === 'email' && !email) findings.push({ field: 'email', rule: 'required' });
  if (to_hour <= from_hour) findings.push({ field: 'to_hour', rule: 'closes_before_it_opens' });
  return findings;
}

/** What a message may be about. */
export type MessageKind = 'appointment' | 'cancelled' | 'reminder';

interface Facts {
  held_on: string;
  slot_at: string;
  station: { zh: string; en: string };
}

/**
 * What a message says: the day, the hour and the station; never a service, a method, a result or her name, since others may read her phone.
 */
export function wordsOf(kind: MessageKind, language: 'zh' | 'en', { held_on, slot_at, station }: Facts): string {
  const said = {
    zh: {
      appointment: `您预约了 ${held_on} ${slot_at}，地点：${station.zh}。改时间或取消，请登录“我的记录”或告诉为您服务的人。`,
      cancelled: `${held_on} ${station.zh} 停诊，您的预约已取消，抱歉。可以另约时间。`,
      reminder: `您请我们提醒的事，${held_on} 前后可到${station.zh}办理。来不来由您决定。不想再收到提醒，随时可以撤回。`,
    },
    en: {
      appointment: `You have an appointment on ${held_on} at ${slot_at}, ${station.en}. To change or cancel it, open "My record" or tell whoever serves you.`,
      cancelled: `${station.en} is closed on ${held_on} and your appointment is cancelled; we are sorry. You can book another time.`,
      reminder: `You asked to be reminded: around ${held_on} at ${station.en}. Coming is up to you, and you can stop these reminders at any time.`,
    },
  };
  return said[language][kind];
}
