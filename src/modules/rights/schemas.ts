import { z } from 'zod';

const text = z.string().nullable();
export const consentSchema = z.object({
  id: z.string(),
  purpose: z.string(),
  text_version: z.string(),
  language: z.string(),
  given_on: z.string(),
  given_by: z.string(),
  how: z.string(),
  withdrawn_on: text,
  withdrawn_by: text,
});
export const requestSchema = z.object({
  id: z.string(),
  client_id: z.string(),
  place_code: z.string(),
  kind: z.string(),
  opened_on: z.string(),
  due_on: z.string(),
  status: z.string(),
  decision: text,
  reason: text,
  decided_on: text,
  words: text,
});
export const lookSchema = z.object({
  n: z.number(),
  at: z.string(),
  action: z.string(),
  what: z.string(),
  duty: z.string(),
  display_name: z.string(),
  place_code: z.string(),
  clients: z.number(),
  detail: z.string(),
});
