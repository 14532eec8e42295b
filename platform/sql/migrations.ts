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
  {
    name: '0002-meetings',
    sql: `
      create table users (
        user_id text primary key,
        email text not null unique,
        display_name text not null,
        password_hash text not null,
        created_at timestamptz not null default now()
      );
      create table meetings (
        meeting_id text primary key,
        title text not null,
        owner_id text references users on delete set null,
        host_key_hash text not null,
        password_hash text,
        settings jsonb not null,
        banned jsonb not null,
        start_time timestamptz,
        duration_minutes integer not null,
        created_at timestamptz not null default now(),
        ended_at timestamptz
      );
      create index meetings_created on meetings (created_at, meeting_id);
      create table participants (
        participant_id text primary key,
        meeting_id text not null references meetings on delete cascade,
        user_id text references users on delete set null,
        display_name text not null,
        role text not null check (role in ('host', 'co-host', 'participant', 'viewer')),
        joined_at timestamptz not null,
        left_at timestamptz,
        left_reason text
      );
      create index participants_meeting on participants (meeting_id, joined_at);
      create table media_streams (
        stream_id text primary key,
        meeting_id text not null references meetings on delete cascade,
        participant_id text not null,
        media text not null check (media in ('camera', 'microphone', 'screen', 'screen-audio')),
        started_at timestamptz not null,
        ended_at timestamptz
      );
      create index media_streams_meeting on media_streams (meeting_id, started_at);
      create table chat_messages (
        message_id text primary key,
        meeting_id text not null references meetings on delete cascade,
        from_id text,
        display_name text not null,
        to_id text,
        message text not null,
        reply_to text,
        breakout_id text,
        sent_at timestamptz(3) not null,
        edited_at timestamptz(3),
        deleted boolean not null default false,
        reactions jsonb not null
      );
      create index chat_messages_meeting on chat_messages (meeting_id, sent_at);
    `,
  },
  {
    name: '0003-people',
    sql: `
      create table contacts (
        user_id text not null references users on delete cascade,
        other_id text not null references users on delete cascade,
        state text not null check (state in ('requested', 'asked', 'accepted', 'blocked')),
        created_at timestamptz not null default now(),
        primary key (user_id, other_id)
      );
      create table calls (
        call_id text primary key,
        caller_id text not null references users on delete cascade,
        callee_id text not null references users on delete cascade,
        media text not null check (media in ('audio', 'video', 'screen')),
        outcome text,
        started_at timestamptz(3) not null,
        noticed boolean not null default false
      );
      create index calls_callee on calls (callee_id, started_at);
    `,
  },
  {
    name: '0004-files',
    sql: `
      alter table chat_messages add column file jsonb;
      create table chat_files (
        file_id text primary key,
        meeting_id text not null references meetings on delete cascade,
        from_id text not null,
        name text not null,
        size integer not null,
        picture jsonb,
        stored boolean not null default false,
        message_id text,
        created_at timestamptz not null default now()
      );
      create index chat_files_meeting on chat_files (meeting_id);
      create table survey_answers (
        participant_id text primary key,
        meeting_id text not null references meetings on delete cascade,
        rating integer not null check (rating between 1 and 5),
        answered_at timestamptz not null default now()
      );
    `,
  },
  {
    name: '0005-profiles',
    sql: `
      alter table users add column picture_id text;
      create table pictures (
        picture_id text primary key,
        user_id text not null unique references users on delete cascade,
        media_type text not null,
        data text not null
      );
      create table direct_messages (
        message_id text primary key,
        from_id text not null references users on delete cascade,
        to_id text not null references users on delete cascade,
        message text not null,
        sent_at timestamptz(3) not null,
        seen boolean not null default false,
        withheld boolean not null default false
      );
      create index direct_messages_pair on direct_messages (from_id, to_id, sent_at);
      create index direct_messages_unread on direct_messages (to_id) where not seen;
      create index calls_caller on calls (caller_id, started_at);
    `,
  },
  {
    name: '0006-owners',
    sql: `
      create index meetings_owner on meetings (owner_id, created_at);
    `,
  },
  {
    name: '0007-invitations',
    sql: `
      alter table contacts add column alias text;
      create table invitations (
        user_id text not null references users on delete cascade,
        email text not null,
        alias text not null,
        created_at timestamptz not null default now(),
        primary key (user_id, email)
      );
      create index invitations_email on invitations (email, created_at);
    `,
  },
  {
    name: '0008-uploaders',
    sql: `
      alter table chat_files add column person text;
      update chat_files set person = from_id;
      alter table chat_files alter column person set not null;
    `,
  },
];
