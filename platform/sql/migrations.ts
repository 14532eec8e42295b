/** Applied in order, each once, each in a transaction. Never changed after it has been released; only added to. */
export const MIGRATIONS: readonly { name: string; sql: string }[] = [
  {
    name: '0001-broadcast',
    sql: `
      create table events (
        event_id text primary key,
        title text not null,
        visibility text not null check (visibility in ('public', 'unlisted', 'private')),
        latency text not null check (latency in ('ultra', 'low', 'standard')),
        ladder jsonb,
        dvr_seconds integer not null,
        record boolean not null,
        closed boolean not null default false,
        created_at timestamptz not null default now()
      );
      create table sources (
        source_id text primary key,
        event_id text not null references events on delete cascade,
        name text not null,
        kind text not null check (kind in ('rtmp', 'whip', 'srt', 'room', 'file', 'pull')),
        key_hash text not null unique,
        position integer not null,
        created_at timestamptz not null default now()
      );
      create index sources_event on sources (event_id);
      create table runs (
        run_id text primary key,
        event_id text not null references events on delete cascade,
        started_at timestamptz not null,
        ended_at timestamptz,
        end_reason text
      );
      create index runs_event on runs (event_id, started_at);
    `,
  },
];
