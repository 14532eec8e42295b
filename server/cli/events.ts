import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '#config';
import {
  type CreatedEvent,
  createPlayTokenSchema,
  type EventView,
  type NewSource,
  type PlayToken,
} from '#contracts';
import { ApiClient } from './client.ts';
import { table } from './table.ts';

const DEFAULT_LINK_HOURS = 24;

/** `amphi event …`, `amphi source …`, `amphi key …`: what the API does, from a shell. */
export function addEventCommands(program: Command, load: () => Config): void {
  const api = () => ApiClient.open(load(), program.opts<{ url?: string }>().url);
  const print = (value: unknown, text: () => string) => {
    const { json } = program.opts<{ json?: boolean }>();
    process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text()}\n`);
  };
  const showKey = (source: NewSource) =>
    [
      `source      ${source.sourceId} (${source.name})`,
      `stream key  ${source.streamKey}   (shown this once)`,
      ...(source.rtmpUrl === undefined ? [] : [`RTMP        ${source.rtmpUrl}`]),
      ...(source.whipUrl === undefined ? [] : [`WHIP        ${source.whipUrl}`]),
    ].join('\n');

  const event = program
    .command('event')
    .description('events: create, list, show, link, end, reopen');
  event
    .command('create')
    .argument('<title>')
    .option('--id <id>', 'id in the links; chosen when left out')
    .addOption(
      new Option('--visibility <who>', 'who finds it')
        .choices(['public', 'unlisted', 'private'])
        .default('unlisted'),
    )
    .addOption(
      new Option('--latency <kind>', 'how close to real time')
        .choices(['ultra', 'low', 'standard'])
        .default('low'),
    )
    .description('create an event with one RTMP source')
    .action(
      async (title: string, options: { id?: string; visibility: string; latency: string }) => {
        const made = await (await api()).call<CreatedEvent>('POST', '/api/events', {
          title,
          visibility: options.visibility,
          latency: options.latency,
          ...(options.id === undefined ? {} : { eventId: options.id }),
        });
        print(made, () =>
          [
            `event       ${made.eventId}`,
            `watch       ${made.watchUrl}`,
            `studio      ${made.studioUrl}`,
            ...made.sources.map(showKey),
          ].join('\n'),
        );
      },
    );
  event
    .command('list')
    .description('list events, newest first')
    .action(async () => {
      const client = await api();
      const items: EventView[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const query: string = cursor === '' ? '' : `?cursor=${cursor}`;
        const page: { items: EventView[]; cursor?: string } = await client.call(
          'GET',
          `/api/events${query}`,
        );
        items.push(...page.items);
        cursor = page.cursor;
      }
      print(items, () =>
        items.length === 0
          ? 'no events yet'
          : table(
              items.map((item) => ({
                event: item.eventId,
                status: item.status,
                viewers: item.viewers,
                title: item.title,
                watch: item.watchUrl,
              })),
            ),
      );
    });
  event
    .command('show')
    .argument('<eventId>')
    .description('show an event with its sources and their health')
    .action(async (eventId: string) => {
      const shown = await (await api()).call<EventView>('GET', `/api/events/${eventId}`);
      print(shown, () => describe(shown));
    });
  event
    .command('link')
    .argument('<eventId>')
    .addOption(
      new Option('--hours <n>', 'how long the link is good, at most a year')
        .argParser(lifetimeSeconds)
        .default(DEFAULT_LINK_HOURS * 3_600, String(DEFAULT_LINK_HOURS)),
    )
    .description('make a link to a private event; who has it can watch until it expires')
    .addHelpText('after', '\nA link cannot be withdrawn before it expires, and is not shown again.')
    .action(async (eventId: string, { hours: expiresInSeconds }: { hours: number }) => {
      const made = await (await api()).call<PlayToken>(
        'POST',
        `/api/events/${eventId}/play-tokens`,
        { expiresInSeconds },
      );
      print(made, () =>
        [
          `watch       ${made.watchUrl}`,
          `embed       ${made.embedUrl}`,
          `HLS         ${made.hlsUrl}`,
          `good until  ${new Date(made.expiresAt).toISOString()}`,
        ].join('\n'),
      );
    });
  for (const [name, status, description] of [
    ['end', 'ended', 'take an event off air; publishers are refused from then on'],
    ['reopen', 'idle', 'let an ended event be published to again'],
  ] as const) {
    event
      .command(name)
      .argument('<eventId>')
      .description(description)
      .action(async (eventId: string) => {
        const shown = await (await api()).call<EventView>('PATCH', `/api/events/${eventId}`, {
          status,
        });
        print(shown, () => `${eventId} is ${shown.status}`);
      });
  }

  const source = program.command('source').description('sources of an event: add, take');
  source
    .command('add')
    .argument('<eventId>')
    .argument('<name>')
    .description('add an RTMP source to an event')
    .action(async (eventId: string, name: string) => {
      const made = await (await api()).call<NewSource>('POST', `/api/events/${eventId}/sources`, {
        name,
      });
      print(made, () => showKey(made));
    });
  source
    .command('take')
    .argument('<eventId>')
    .argument('<sourceId>')
    .description('put a source on air')
    .action(async (eventId: string, sourceId: string) => {
      const program = await (await api()).call('PUT', `/api/events/${eventId}/program`, {
        take: sourceId,
      });
      print(program, () => `${sourceId} goes on air at its next key frame`);
    });

  program
    .command('key')
    .description('stream keys: rotate')
    .command('rotate')
    .argument('<eventId>')
    .argument('[sourceId]', 'the first source when left out')
    .description('make a new stream key; the session with the old one ends')
    .action(async (eventId: string, sourceId?: string) => {
      const client = await api();
      const chosen =
        sourceId ??
        (await client.call<EventView>('GET', `/api/events/${eventId}`)).sources[0]?.sourceId;
      const made = await client.call<NewSource>(
        'POST',
        `/api/events/${eventId}/sources/${chosen}/rotate-key`,
      );
      print(made, () => showKey(made));
    });
}

/** Hours as somebody types them, in whole seconds, within what the API takes. */
function lifetimeSeconds(text: string): number {
  const seconds = text.trim() === '' ? Number.NaN : Math.round(Number(text) * 3_600);
  if (!createPlayTokenSchema.shape.expiresInSeconds.safeParse(seconds).success) {
    throw new InvalidArgumentError(
      'It must be a number of hours between a minute and a year: 0.5, 24, 8760.',
    );
  }
  return seconds;
}

function describe(event: EventView): string {
  const lines = [
    `${event.title} (${event.eventId}) is ${event.status}, ${event.viewers} watching`,
    `watch   ${event.watchUrl}`,
    `studio  ${event.studioUrl}`,
  ];
  if (event.renditions.length > 0) {
    lines.push(`rungs   ${event.renditions.map((rendition) => rendition.name).join(', ')}`);
  }
  for (const { sourceId, name, health } of event.sources) {
    // The figures of who has gone are those of its last moment.
    const video = health?.connected === true ? health.video : undefined;
    const picture =
      video === undefined
        ? ''
        : `, ${video.width} × ${video.height} at ${video.fps} fps, ${Math.round(video.bitsPerSecond / 1000)} kbit/s`;
    lines.push(
      `source  ${sourceId} (${name}): ${health?.connected ? 'connected' : 'not connected'}${picture}`,
    );
    for (const { text } of health?.advice ?? []) lines.push(`        ${text}`);
  }
  return lines.join('\n');
}
