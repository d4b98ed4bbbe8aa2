import nodemailer from 'nodemailer';
import type { MessengerConfig } from './config.ts';

/** Why a message did not go: for good, or to be tried again. The reason is a code, never the server's words: they may repeat the address. */
export class Undelivered extends Error {
  readonly isFinal: boolean;

  constructor(code: string, isFinal: boolean) {
    super(code);
    this.isFinal = isFinal;
  }
}

/** One way for a message to go out. */
export interface Messenger {
  send: (to: string, words: { subject: string; text: string }) => Promise<void>;
}

/** The ways this installation has: e-mail over SMTP, text messages over a gateway's HTTP door. A channel that is not set up is missing. */
export function messengersOf(config: MessengerConfig): ReadonlyMap<string, Messenger> {
  const ways: [string, Messenger][] = [];
  if (config.smtpUrl) ways.push(['email', overSmtp(config.smtpUrl, config.mailFrom)]);
  if (config.smsUrl) ways.push(['sms', overGateway(config.smsUrl, config.smsToken, config.smsBody)]);
  return new Map(ways);
}

const patience = 15_000;

function overSmtp(url: string, from: string): Messenger {
  const transport = nodemailer.createTransport(url, { from });
  return {
    async send(to, { subject, text }) {
      try {
        await transport.sendMail({ to: { name: '', address: to }, subject, text, disableFileAccess: true, disableUrlAccess: true });
      } catch (error) {
        const { responseCode, code } = error as { responseCode?: number; code?: string };
        throw new Undelivered(responseCode ? `smtp_${responseCode}` : (code ?? 'smtp').toLowerCase(), (responseCode ?? 0) >= 500);
      }
    },
  };
}

/** The gateway's body is a JSON text in which {to} and {text} stand for the number and the words. */
function overGateway(url: string, token: string | undefined, body: string): Messenger {
  return {
    async send(to, { text }) {
      const quoted = (value: string) => JSON.stringify(value).slice(1, -1);
      const filled = body.replaceAll(/\{(to|text)\}/g, (_, name: string) => quoted(name === 'to' ? to : text));
      let status: number;
      try {
        const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
        status = (await fetch(url, { method: 'POST', headers, body: filled, redirect: 'error', signal: AbortSignal.timeout(patience) })).status;
      } catch {
        throw new Undelivered('no_connection', false);
      }
      if (status >= 300) throw new Undelivered(`http_${status}`, status >= 400 && status < 500 && status !== 408 && status !== 429);
    },
  };
}
