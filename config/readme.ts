import type { z } from 'zod';
import { allowedBy } from './allowed.ts';
import { DEFAULT_LADDER, type Rung, rungSchema } from './ladder.ts';
import { type Setting, settings } from './load.ts';

/** The text of `config/README.md`: every setting, from the schema. A test holds the file against it. */
export function settingsReadme(): string {
  const rows = settings().map((setting) => {
    const { path, meta } = setting;
    const file = meta.secret ? ` May come from a file: \`${meta.env}_FILE\`.` : '';
    return row([
      `\`${meta.env}\``,
      `\`${path.join('.')}\``,
      allowedOf(setting),
      defaultOf(setting),
      `${meta.description ?? ''}${file}`,
    ]);
  });
  return `# Configuration

Generated from \`schema.ts\`; \`npm run config-docs\` writes it anew.

Later ones win: defaults, then \`amphi.config.json\` or \`amphi.config.yaml\` in the working folder (or the file that \`AMPHI_CONFIG\` names), then the environment, then flags. The whole is validated before anything starts; an error names the setting, its value and what is allowed, and the process ends with code 78.

Lists are separated by commas in the environment, or written as JSON. In a file, a setting stands at its path:

\`\`\`yaml
http:
  port: 80
program:
  interruptSeconds: 120
\`\`\`

| variable | in a file | allowed | default | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## The ladder

\`AMPHI_LADDER\` is a JSON list of rungs, best first; in a file, \`transcode.ladder\` is the same list. Every field of a rung must be there, and no other:

| \`kind\` | field | allowed | meaning |
|---|---|---|---|
${rungFields().join('\n')}

\`\`\`sh
AMPHI_LADDER='${JSON.stringify(EXAMPLE_LADDER)}' npm start
\`\`\`

Without it the ladder is:

| \`name\` | shorter side | frames a second | picture, kbit/s | sound, kbit/s |
|---|---|---|---|---|
${DEFAULT_LADDER.map(rungRow).join('\n')}
`;
}

const EXAMPLE_LADDER: Rung[] = [
  {
    kind: 'video',
    name: '540p',
    shortSide: 540,
    maxFps: 30,
    videoKbps: 1800,
    audioKbps: 128,
  },
  { kind: 'audio', name: 'audio', audioKbps: 96 },
];

function rungFields(): string[] {
  return rungSchema.options.flatMap(({ shape }) => {
    const kind = [...shape.kind.values].join();
    return Object.entries<z.ZodType>(shape).map(([field, schema]) =>
      row([
        `\`${kind}\``,
        `\`${field}\``,
        allowedBy(schema) ?? '',
        schema.meta()?.description ?? '',
      ]),
    );
  });
}

const rungRow = (rung: Rung): string =>
  rung.kind === 'video'
    ? row([`\`${rung.name}\``, rung.shortSide, rung.maxFps, rung.videoKbps, rung.audioKbps])
    : row([`\`${rung.name}\``, 'none', '', '', rung.audioKbps]);

const row = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => escapeCell(String(cell))).join(' | ')} |`;

const allowedOf = ({ schema, meta }: Setting): string =>
  meta.env === 'AMPHI_LADDER'
    ? '[a list of 1 to 16 rungs](#the-ladder)'
    : (allowedBy(schema) ?? '');

function defaultOf({ schema, meta }: Setting): string {
  if (meta.env === 'AMPHI_LADDER') return '[eight rungs](#the-ladder)';
  const result = schema.safeParse(undefined);
  if (!result.success || result.data === undefined) return 'none';
  const { data } = result;
  const text = Array.isArray(data) ? data.join(',') : String(data);
  return text === '' ? 'none' : `\`${text}\``;
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');
