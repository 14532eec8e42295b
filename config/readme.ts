import { baseType, type Setting, settings } from './load.ts';

/** The text of `config/README.md`: every setting, from the schema. A test holds the file against it. */
export function settingsReadme(): string {
  const rows = settings().map(
    (setting) =>
      `| \`${setting.meta.env}\` | \`${setting.path.join('.')}\` | ${defaultOf(setting)} | ${escapeCell(setting.meta.description ?? '')}${setting.meta.secret ? ` May come from a file: \`${setting.meta.env}_FILE\`.` : ''} |`,
  );
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

| variable | in a file | default | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function defaultOf({ schema, meta }: Setting): string {
  if (meta.env === 'AMPHI_LADDER') return 'see `ladder.ts`';
  const result = schema.safeParse(undefined);
  if (!result.success || result.data === undefined) return 'none';
  const { data } = result;
  const text = Array.isArray(data) ? data.join(',') : String(data);
  return text === '' ? 'none' : `\`${text}\`${baseType(schema) === 'array' ? ' (list)' : ''}`;
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');
