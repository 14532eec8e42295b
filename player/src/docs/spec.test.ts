import { describe, expect, it } from 'vitest';
import { bodyOf, curlOf, exampleOf } from './example.ts';
import { type Document, groupsOf, typeInWords } from './spec.ts';

const document: Document = {
  info: { title: 'Amphi', version: '1', description: '' },
  tags: [
    { name: 'Events', description: 'Stages' },
    { name: 'Empty', description: 'Nothing' },
  ],
  paths: {
    '/api/events/{eventId}': {
      patch: {
        summary: 'Changes an event',
        operationId: 'patchEvent',
        tags: ['Events'],
        security: [{ admin: [] }],
        parameters: [{ name: 'eventId', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { title: { type: 'string' }, dvrSeconds: { type: 'integer' } },
              },
            },
          },
        },
        responses: {
          default: { description: 'A problem' },
          '200': {
            description: 'Changed',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Event' } } },
          },
        },
      },
    },
    '/healthz': {
      get: { summary: 'Up', operationId: 'health', tags: ['Other'], responses: { '204': {} } },
    },
  },
  components: {
    schemas: {
      Event: {
        type: 'object',
        properties: {
          eventId: { type: 'string' },
          status: { enum: ['idle', 'live'] },
          sources: {
            type: 'array',
            items: { type: 'object', properties: { fps: { type: 'number' } } },
          },
        },
        required: ['eventId'],
      },
    },
  },
  'x-errors': [],
};

const [events, other] = groupsOf(document);
const patch = events!.calls[0]!;

describe('groupsOf', () => {
  it('keeps the order of the tags, leaves out the empty and adds the unnamed', () => {
    expect([events?.name, other?.name]).toEqual(['Events', 'Other']);
  });

  it('finds the answer that is not a problem', () => {
    expect(patch).toMatchObject({ method: 'PATCH', status: '200', admin: true });
    expect(patch.answer.schema?.$ref).toContain('Event');
    expect(other?.calls[0]).toMatchObject({ status: '204', admin: false });
  });
});

describe('typeInWords', () => {
  it.each([
    [{ type: 'string', minLength: 1, maxLength: 140 }, 'text, 1 to 140 characters'],
    [
      { type: 'integer', minimum: 10, maximum: Number.MAX_SAFE_INTEGER },
      'whole number, at least 10',
    ],
    [
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      'whole number',
    ],
    [{ enum: ['a', 'b'] }, '"a" | "b"'],
    [{ type: 'array', items: { $ref: '#/components/schemas/Event' } }, 'list of Event'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'text or null'],
    [{}, 'anything'],
  ])('%j', (schema, words) => expect(typeInWords(schema)).toBe(words));
});

describe('examples', () => {
  it('exampleOf follows references and fills every field', () => {
    expect(exampleOf({ $ref: '#/components/schemas/Event' }, document)).toEqual({
      eventId: 'main',
      status: 'live',
      sources: [{ fps: 0 }],
    });
  });

  it('exampleOf takes what the schema says over what a name suggests', () => {
    const name = { type: 'string', examples: ['720p'] };
    const ladder = { type: 'array', items: { type: 'object', properties: { name } } };
    const schema = { type: 'object', properties: { name: { const: 'amphi' }, ladder } };
    expect(exampleOf(schema, document)).toEqual({ name: 'amphi', ladder: [{ name: '720p' }] });
  });

  it('bodyOf shows one field where none must be there', () => {
    expect(bodyOf(patch, document)).toEqual({ title: 'Opening night' });
  });

  it('curlOf is a command that a shell takes, without the token in it', () => {
    const line = curlOf(patch, 'http://host', { title: "It's on" });
    expect(line).toContain("curl -X PATCH 'http://host/api/events/main'");
    expect(line).toContain('"Authorization: Bearer $AMPHI_ADMIN_TOKEN"');
    expect(line).toContain(`-d '{"title":"It'\\''s on"}'`);
  });
});
