import { useQuery } from '@tanstack/react-query';
import type { EventView } from '#contracts';
import { infoQuery } from '../api/queries.ts';
import { Checks, Choices, Select, TextField } from '../ui/field.tsx';
import { dvrOptions, LATENCY_WORDS, optionsOf, VISIBILITY_WORDS } from './words.ts';

/** What an event can be told to be. */
export interface EventFields {
  title: string;
  visibility: EventView['visibility'];
  latency: EventView['latency'];
  dvrSeconds: number;
  /** Undefined for all that there are. */
  ladder: string[] | undefined;
}

export const NEW_EVENT: EventFields = {
  title: '',
  visibility: 'unlisted',
  latency: 'low',
  dvrSeconds: 7_200,
  ladder: undefined,
};

export function EventFieldset({
  fields,
  onChange,
  titleError,
  isMade = false,
  autoFocus = false,
}: {
  fields: EventFields;
  onChange: (fields: EventFields) => void;
  titleError?: string | undefined;
  /** It may be on air just now: what counts later is told. */
  isMade?: boolean;
  autoFocus?: boolean;
}) {
  const info = useQuery(infoQuery);
  const rungs = info.data?.ladder.map(({ name }) => name) ?? [];
  const set = (change: Partial<EventFields>) => onChange({ ...fields, ...change });
  return (
    <>
      <TextField
        label="Title"
        value={fields.title}
        onChange={(title) => set({ title })}
        maxLength={140}
        placeholder="What viewers see above the picture"
        error={titleError}
        isRequired
        autoFocus={autoFocus}
      />
      <Choices
        label="Who can watch"
        options={optionsOf(VISIBILITY_WORDS)}
        value={fields.visibility}
        onChange={(visibility) => set({ visibility })}
      />
      <Choices
        label="Latency"
        {...(isMade ? { hint: 'Counts from the next time that the event goes live.' } : {})}
        options={optionsOf(LATENCY_WORDS)}
        value={fields.latency}
        onChange={(latency) => set({ latency })}
      />
      <Select
        label="Viewers can rewind"
        options={dvrOptions(fields.dvrSeconds)}
        value={String(fields.dvrSeconds)}
        onChange={(seconds) => set({ dvrSeconds: Number(seconds) })}
      />
      {rungs.length > 0 && (
        <Checks
          label="Renditions"
          hint="Those above the source’s own size or rate are left out by themselves."
          options={rungs}
          value={fields.ladder ?? rungs}
          onChange={(names) => {
            // The order of the ladder, whatever the order of the clicks; all is the same as no choice.
            const chosen = rungs.filter((name) => names.includes(name));
            if (chosen.length > 0) {
              set({ ladder: chosen.length === rungs.length ? undefined : chosen });
            }
          }}
        />
      )}
    </>
  );
}
