import { Checkbox, Group, Radio, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { type Ask, type Form, isAsked } from '../kit/form.ts';
import type { Finding } from '../kit/problem.ts';
import { usePlaces } from './api.ts';
import { useSay } from './words.ts';

export type Draft = Record<string, unknown>;

interface Props {
  form: Form;
  answers: Draft;
  change: (field: string, value: unknown) => void;
  findings: readonly Finding[];
  /** The questions to draw, in their order; all that are asked when left out. */
  only?: readonly string[];
  /** Choices for a text that is a code: value and label. */
  choices?: Record<string, { value: string; label: string }[]>;
}

/** Draws a form's questions: those that are to be asked, each with what is wrong with its answer. */
export function FormFields({ form, answers, change, findings, only, choices = {} }: Props) {
  const fields = (only ?? Object.keys(form.asks)).filter((field) => form.asks[field] && isAsked(form.asks[field] as Ask, answers));
  return (
    <Stack gap="md">
      {fields.map((field) => (
        <Question
          key={field}
          field={field}
          ask={form.asks[field] as Ask}
          value={answers[field]}
          change={(value) => change(field, value)}
          findings={findings.filter((one) => one.field === field)}
          choices={choices[field]}
        />
      ))}
    </Stack>
  );
}

/** What was typed as a number, nothing when nothing stands there; what is no whole number stays as it is, and the form says so. */
function asNumber(typed: string): number | string | undefined {
  const text = typed.trim();
  return text === '' ? undefined : /^-?\d{1,12}$/.test(text) ? Number(text) : text;
}

interface QuestionProps {
  field: string;
  ask: Ask;
  value: unknown;
  change: (value: unknown) => void;
  findings: readonly Finding[];
  choices: { value: string; label: string }[] | undefined;
}

function Question({ field, ask, value, change, findings, choices }: QuestionProps) {
  const { say, option, finding, placeName } = useSay();
  const places = usePlaces();
  const common = {
    label: say(`field.${field}`),
    error: findings.length > 0 ? findings.map((one) => finding(one, false)).join(' ') : undefined,
    withAsterisk: ask.required ?? false,
    id: `q-${field}`,
    className: 'question',
  };
  if (choices)
    return (
      <Select
        {...common}
        data={choices}
        value={(value as string) ?? null}
        onChange={(next) => change(next ?? undefined)}
        searchable
        clearable={!ask.required}
      />
    );
  switch (ask.kind) {
    case 'yes_no':
      return (
        <Radio.Group {...common} value={value === undefined ? '' : String(value)} onChange={(next) => change(next === 'true')}>
          <Group mt={6}>
            <Radio value="true" label={say('option.true')} />
            <Radio value="false" label={say('option.false')} />
          </Group>
        </Radio.Group>
      );
    case 'choice':
      if (ask.options.length <= 5) {
        return (
          <Radio.Group {...common} value={(value as string) ?? ''} onChange={change}>
            <Group mt={6}>
              {ask.options.map((one) => (
                <Radio key={one} value={one} label={option(field, one)} />
              ))}
            </Group>
          </Radio.Group>
        );
      }
      return (
        <Select
          {...common}
          data={ask.options.map((one) => ({ value: one, label: option(field, one) }))}
          value={(value as string) ?? null}
          onChange={(next) => change(next ?? undefined)}
          clearable={!ask.required}
        />
      );
    case 'many':
      return (
        <Checkbox.Group {...common} value={(value as string[]) ?? []} onChange={(next) => change(next.length ? next : undefined)}>
          <Group mt={6} gap="sm">
            {ask.options.map((one) => (
              <Checkbox key={one} value={one} label={option(field, one)} />
            ))}
          </Group>
        </Checkbox.Group>
      );
    case 'number':
      return (
        <TextInput
          {...common}
          inputMode="numeric"
          autoComplete="off"
          value={value === undefined ? '' : String(value)}
          onChange={(event) => change(asNumber(event.currentTarget.value))}
        />
      );
    case 'day':
      return <TextInput {...common} type="date" value={(value as string) ?? ''} onChange={(event) => change(event.currentTarget.value || undefined)} />;
    case 'place':
      return (
        <Select
          {...common}
          searchable
          limit={60}
          data={[...places.values()].map((place) => ({ value: place.place_code, label: `${placeName(place)} ${place.place_code}` }))}
          value={(value as string) ?? null}
          onChange={(next) => change(next ?? undefined)}
        />
      );
    default:
      return ask.kind === 'text' && ask.max > 400 ? (
        <Textarea
          {...common}
          autosize
          minRows={2}
          maxLength={ask.max}
          value={(value as string) ?? ''}
          onChange={(event) => change(event.currentTarget.value || undefined)}
        />
      ) : (
        <TextInput {...common} autoComplete="off" value={(value as string) ?? ''} onChange={(event) => change(event.currentTarget.value || undefined)} />
      );
  }
}
