import { z } from 'zod';
import { DEFAULT_LADDER, rungSchema } from './ladder.ts';

/**
 * Every setting of Amphi: its place in the configuration file, its environment
 * variable, what is allowed, its default, and what it means. `config/README.md`
 * is generated from this.
 */

export interface SettingMeta {
  env: string;
  /** May be read from the file named by `<env>_FILE`; never printed. */
  secret?: true;
  [key: string]: unknown;
}

const setting = <T extends z.ZodType>(
  schema: T,
  env: string,
  description: string,
  extra: { secret?: true } = {},
): T => schema.meta({ env, description, ...extra } satisfies SettingMeta & { description: string });

const port = z.int().min(0).max(65535);
const seconds = z.number().positive();
const bytes = z.int().positive();
const url = (...protocols: string[]) =>
  z
    .url({ protocol: new RegExp(`^(${protocols.join('|')})$`) })
    .meta({ begins: protocols.map(begin) });
/** RFC 7064 and 7065 have no slashes: `turn:turn.example.org`. */
const begin = (protocol: string): string =>
  /^(stun|turns?)$/.test(protocol) ? `${protocol}:` : `${protocol}://`;

export const ROLES = [
  'all',
  'api',
  'callserver',
  'ingest',
  'transcode',
  'edge',
  'recording',
  'analytics',
] as const;
export type Role = (typeof ROLES)[number];

export const ENCODERS = ['auto', 'x264', 'nvenc', 'qsv', 'vaapi', 'videotoolbox'] as const;

/** What people send each other at work, and nothing that a double click would run. */
const DEFAULT_FILE_ENDINGS = [
  ...['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'heic', 'pdf', 'txt', 'md', 'csv', 'json'],
  ...['doc', 'docx', 'xls', 'xlsx', 'ppt', 'pptx', 'odt', 'ods', 'odp', 'rtf', 'ics', 'zip'],
  ...['mp3', 'm4a', 'ogg', 'opus', 'wav', 'flac', 'mp4', 'm4v', 'webm', 'mov', 'mkv'],
];

export const configSchema = z.strictObject({
  roles: setting(
    z.array(z.enum(ROLES)).min(1).default(['all']),
    'AMPHI_ROLES',
    'What this machine does.',
  ),
  host: setting(
    z.string().min(1).optional(),
    'AMPHI_HOST',
    'Bind address of every public listener. Default: 127.0.0.1, and 0.0.0.0 when NODE_ENV=production.',
  ),
  dataDir: setting(
    z.string().min(1).default('./data'),
    'AMPHI_DATA_DIR',
    'Embedded database, objects, DVR, keys, logs. One Amphi at a time may use it.',
  ),
  publicUrl: setting(
    url('http', 'https').optional(),
    'AMPHI_PUBLIC_URL',
    'Base of every link handed out. Default: taken from the request.',
  ),
  adminToken: setting(
    z
      .string()
      .min(16)
      // It goes in a header field.
      .regex(/^[\x21-\x7e]*$/, 'must be of ASCII characters without blanks')
      .meta({ allowed: 'at least 16 ASCII characters, without blanks' })
      .optional(),
    'AMPHI_ADMIN_TOKEN',
    'Bearer token of the admin API. Default: random, kept in the data folder, shown in the banner.',
    { secret: true },
  ),
  clusterSecret: setting(
    z.string().min(32).optional(),
    'AMPHI_CLUSTER_SECRET',
    'Signs the tokens of viewers and of the nodes among themselves; the same on every machine. Default: random, kept in the data folder.',
    { secret: true },
  ),
  logLevel: setting(
    z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    'AMPHI_LOG_LEVEL',
    'The least severe log line that is written.',
  ),
  http: z
    .strictObject({
      port: setting(
        port.default(8080),
        'AMPHI_HTTP_PORT',
        'The one public HTTP port: web, API, WebSocket, WHIP/WHEP, HLS.',
      ),
      tlsCert: setting(
        z.string().optional(),
        'AMPHI_TLS_CERT',
        'PEM file of the certificate chain. With AMPHI_TLS_KEY: HTTPS and HTTP/2 on the HTTP port, RTMPS beside RTMP.',
      ),
      tlsKey: setting(z.string().optional(), 'AMPHI_TLS_KEY', 'PEM file of the private key.'),
      trustProxy: setting(
        z.int().min(0).max(10).default(0),
        'AMPHI_TRUST_PROXY',
        'How many reverse proxies in front are trusted for X-Forwarded-* headers.',
      ),
      maxConnections: setting(
        z.int().min(10).default(20_000),
        'AMPHI_HTTP_MAX_CONNECTIONS',
        'Connections that the public port holds at once.',
      ),
      maxConnectionsPerAddress: setting(
        z.int().min(1).default(2_000),
        'AMPHI_HTTP_MAX_CONNECTIONS_PER_ADDRESS',
        'Connections that one address may hold at once.',
      ),
    })
    .prefault({}),
  internal: z
    .strictObject({
      host: setting(
        z.string().default('127.0.0.1'),
        'AMPHI_INTERNAL_HOST',
        'Address by which the other machines of the cluster reach this one; the listeners between nodes bind to it.',
      ),
    })
    .prefault({}),
  rtmp: z
    .strictObject({
      port: setting(port.default(1935), 'AMPHI_RTMP_PORT', 'RTMP from encoders.'),
      tlsPort: setting(
        port.default(1936),
        'AMPHI_RTMPS_PORT',
        'RTMP over TLS from encoders; open when a certificate is configured.',
      ),
      maxConnections: setting(
        z.int().min(1).default(1_000),
        'AMPHI_RTMP_MAX_CONNECTIONS',
        'RTMP connections held at once.',
      ),
      maxConnectionsPerAddress: setting(
        z.int().min(1).default(50),
        'AMPHI_RTMP_MAX_CONNECTIONS_PER_ADDRESS',
        'RTMP connections that one address may hold at once.',
      ),
      secondPublisher: setting(
        z.enum(['reject', 'takeover']).default('reject'),
        'AMPHI_RTMP_SECOND_PUBLISHER',
        'What happens when somebody publishes with a key that is live already.',
      ),
    })
    .prefault({}),
  srt: z
    .strictObject({
      port: setting(port.default(8890), 'AMPHI_SRT_PORT', 'SRT from encoders (UDP).'),
    })
    .prefault({}),
  media: z
    .strictObject({
      port: setting(
        port.default(44_000),
        'AMPHI_MEDIA_PORT',
        'WebRTC UDP: one port per call-server process, counting up; 0 takes free ones.',
      ),
      ip: setting(
        z.string().optional(),
        'AMPHI_MEDIA_IP',
        'Address announced in ICE candidates, or several with commas, best first. Default: the host address.',
      ),
      tcp: setting(
        z.boolean().default(true),
        'AMPHI_MEDIA_TCP',
        'WebRTC by TCP too, at the ports of the same numbers, for peers whose networks let no UDP through.',
      ),
      workers: setting(
        z.int().min(1).max(64).default(2),
        'AMPHI_MEDIA_WORKERS',
        'Call-server processes on this machine, each with a UDP port; one a core carries most.',
      ),
      pipePort: setting(
        port.default(45_000),
        'AMPHI_MEDIA_PIPE_PORT',
        'UDP between call-server processes and nodes, on the internal address: one port per process, counting up, bound when needed; 0 takes free ones.',
      ),
      maxViewers: setting(
        z.int().min(1).max(20_000).default(500),
        'AMPHI_MEDIA_MAX_VIEWERS',
        'Viewers over WebRTC (WHEP) on this machine at the most; more are sent to HLS.',
      ),
      workerSessions: setting(
        z.int().min(1).max(300).default(250),
        'AMPHI_MEDIA_WORKER_SESSIONS',
        'Sessions of one room or event in one call-server process before another process takes part.',
      ),
    })
    .prefault({}),
  redis: z
    .strictObject({
      url: setting(
        url('redis', 'rediss', 'redis+sentinel').optional(),
        'AMPHI_REDIS_URL',
        'Any Redis 7+ or Valkey. Default: a private redis-server child under the data folder.',
        { secret: true },
      ),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: setting(
        url('postgres', 'postgresql').optional(),
        'AMPHI_DATABASE_URL',
        'Any PostgreSQL 14+. Default: embedded PostgreSQL under the data folder.',
        { secret: true },
      ),
    })
    .prefault({}),
  edge: z
    .strictObject({
      upstream: setting(
        z.array(url('http', 'https')).default([]),
        'AMPHI_EDGE_UPSTREAM',
        "A relay's parents in order of preference. Default: none, this machine is the origin.",
      ),
      region: setting(
        z.string().max(40).optional(),
        'AMPHI_EDGE_REGION',
        'Region label of a relay.',
      ),
      cacheBytes: setting(
        bytes.default(128 * 1024 * 1024),
        'AMPHI_EDGE_CACHE_BYTES',
        'Memory that a relay may use for segments and playlists.',
      ),
      dvrSeconds: setting(
        z
          .int()
          .min(10)
          .max(7 * 86_400)
          .default(7_200),
        'AMPHI_DVR_SECONDS',
        'How far viewers can rewind, for events that do not say otherwise.',
      ),
      dvrMaxBytes: setting(
        bytes.default(20 * 1024 ** 3),
        'AMPHI_DVR_MAX_BYTES',
        'Disk space that the DVR windows of all events may use together; the oldest segments go first.',
      ),
    })
    .prefault({}),
  program: z
    .strictObject({
      slateAfterSeconds: setting(
        seconds.max(30).default(1.5),
        'AMPHI_SLATE_AFTER_SECONDS',
        'How long viewers keep the last picture before the slate shows when a publisher drops.',
      ),
      interruptSeconds: setting(
        seconds.max(86_400).default(60),
        'AMPHI_INTERRUPT_SECONDS',
        'How long an event waits for its publisher to come back before it ends.',
      ),
    })
    .prefault({}),
  transcode: z
    .strictObject({
      ladder: setting(
        z.array(rungSchema).min(1).max(16).default(DEFAULT_LADDER),
        'AMPHI_LADDER',
        'The renditions, as JSON. A rung above the source is left out.',
      ),
      rungsPerJob: setting(
        z.int().min(1).max(16).default(16),
        'AMPHI_RUNGS_PER_JOB',
        'Rungs that one ffmpeg makes; fewer spread one event over several workers.',
      ),
      encoder: setting(
        z.enum(ENCODERS).default('auto'),
        'AMPHI_ENCODER',
        'H.264 encoder; auto takes the first hardware encoder that passes a probe, else x264.',
      ),
      preset: setting(
        z.enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast']).default('veryfast'),
        'AMPHI_X264_PRESET',
        'x264 preset: slower gives a better picture for more CPU.',
      ),
      segmentSeconds: setting(
        z.int().min(1).max(8).default(2),
        'AMPHI_SEGMENT_SECONDS',
        'Length of a segment and of a GOP.',
      ),
      partsPerSegment: setting(
        z.int().min(1).max(20).default(6),
        'AMPHI_PARTS_PER_SEGMENT',
        'Parts that a segment is published in; six of 333 ms by default.',
      ),
      workers: setting(
        z.int().min(1).max(64).default(2),
        'AMPHI_TRANSCODE_WORKERS',
        'Worker processes on this machine; with two, one takes over at once when the other dies.',
      ),
      jobsPerWorker: setting(
        z.int().min(1).max(64).default(4),
        'AMPHI_JOBS_PER_WORKER',
        'Live jobs that one worker process runs at once.',
      ),
      roomRenditions: setting(
        z.int().min(0).max(64).default(4),
        'AMPHI_ROOM_RENDITIONS_PER_WORKER',
        'Smaller pictures for rooms that one worker process makes at once, where a sender gives one size only; 0 for none.',
      ),
      retrySeconds: setting(
        z.int().min(1).max(86_400).default(60),
        'AMPHI_TRANSCODE_RETRY_SECONDS',
        'A rendition that the machine was too slow for is tried again after this, when there is room; after twice as long each time it fails.',
      ),
    })
    .prefault({}),
  s3: z
    .strictObject({
      endpoint: setting(url('http', 'https').optional(), 'AMPHI_S3_ENDPOINT', 'Any S3 API.'),
      bucket: setting(
        z.string().min(3).optional(),
        'AMPHI_S3_BUCKET',
        'Bucket for recorded media. Default: the folder objects/ under the data folder.',
      ),
      region: setting(z.string().optional(), 'AMPHI_S3_REGION', 'Region of the bucket.'),
    })
    .prefault({}),
  people: z
    .strictObject({
      signUp: setting(
        z.enum(['open', 'closed']).default('open'),
        'AMPHI_SIGN_UP',
        'Whether anybody may make an account, and with it meetings; when closed, only the admin makes accounts.',
      ),
      ringSeconds: setting(
        z.number().min(1).max(120).default(30),
        'AMPHI_RING_SECONDS',
        'How long a call between two accounts rings before it counts as not answered.',
      ),
      joinsPerMinute: setting(
        z.int().min(1).default(600),
        'AMPHI_JOINS_PER_MINUTE',
        'How many joins of meetings one address (IPv6: one /64) may ask for within a minute; hosts are not counted.',
      ),
    })
    .prefault({}),
  files: z
    .strictObject({
      maxBytes: setting(
        bytes.max(1024 ** 3).default(25 * 1024 ** 2),
        'AMPHI_FILES_MAX_BYTES',
        'How large a file in the chat of a room may be.',
      ),
      meetingMaxBytes: setting(
        bytes.default(500 * 1024 ** 2),
        'AMPHI_FILES_MEETING_MAX_BYTES',
        'How much all files of one meeting may take up together; they are removed when it ends.',
      ),
      endings: setting(
        z
          .array(
            z
              .string()
              .regex(/^[a-z0-9]{1,10}$/, 'must be 1 to 10 lower-case letters or digits')
              .meta({ allowed: '1 to 10 lower-case letters or digits' }),
          )
          .max(200)
          .default(DEFAULT_FILE_ENDINGS),
        'AMPHI_FILES_ENDINGS',
        'What the names of files in chats may end in. Empty: nobody sends files.',
      ),
    })
    .prefault({}),
  turn: z
    .strictObject({
      urls: setting(
        z.array(url('stun', 'turn', 'turns')).default([]),
        'AMPHI_TURN_URLS',
        'STUN and TURN servers. Default: a coturn child when its binary is present.',
      ),
      secret: setting(
        z
          .string()
          .min(16)
          // It stands on a line of its own in the configuration of coturn.
          .regex(/^[\x21-\x7e]*$/, 'must be of ASCII characters without blanks')
          .meta({ allowed: 'at least 16 ASCII characters, without blanks' })
          .optional(),
        'AMPHI_TURN_SECRET',
        'Shared secret of the TURN server, for time-limited credentials. Default, for the coturn child: random, kept in the data folder.',
        { secret: true },
      ),
      server: setting(
        z.enum(['auto', 'off']).default('auto'),
        'AMPHI_TURN_SERVER',
        'auto starts coturn beside the call server when its binary is present and AMPHI_TURN_URLS names no other.',
      ),
      port: setting(
        port.min(1).default(3478),
        'AMPHI_TURN_PORT',
        'STUN and TURN of the coturn child, by UDP and TCP.',
      ),
      tlsPort: setting(
        port.min(1).default(5349),
        'AMPHI_TURNS_PORT',
        'TURN over TLS of the coturn child; open when a certificate is configured and AMPHI_PUBLIC_URL says the name in it.',
      ),
      relayPort: setting(
        port.min(1024).max(64_536).default(45_000),
        'AMPHI_TURN_RELAY_PORT',
        'The first of the 1000 UDP ports from which the coturn child relays, to this machine only: they need not be open to the outside.',
      ),
      maxAllocations: setting(
        z.int().min(1).max(1_000).default(500),
        'AMPHI_TURN_MAX_ALLOCATIONS',
        'What the coturn child relays at once; a viewer takes one to three, of 10 Mbit/s at most each way.',
      ),
    })
    .prefault({}),
});

type Parsed = z.output<typeof configSchema>;

/** The whole configuration, validated; `host` and `dataDir` are resolved. */
export type Config = Parsed & { host: string };
