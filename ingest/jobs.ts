import { type Config, chooseLadder } from '#config';
import type { EventSpec, JobRung, TranscodeJob } from '#contracts';
import type { Run } from './program/program.ts';

/** The ladder that this run's picture gets, cut into jobs. Pure. */
export function transcodeJobs(
  spec: EventSpec,
  { runId, picture }: Pick<Run, 'runId' | 'picture'>,
  transcode: Config['transcode'],
): TranscodeJob[] {
  const { ladder, rungsPerJob, segmentSeconds, partsPerSegment } = transcode;
  const wanted = ladder.filter((rung) => spec.ladder?.includes(rung.name) ?? true);
  const chosen = chooseLadder(wanted.length > 0 ? wanted : ladder, picture);
  const rungs = chosen.map(
    (rung, order): JobRung =>
      rung.kind === 'audio' ? { ...rung, order } : { ...rung, order, copy: false },
  );
  const jobs: TranscodeJob[] = [];
  for (let i = 0; i < rungs.length; i += rungsPerJob) {
    jobs.push({
      eventId: spec.eventId,
      runId,
      group: jobs.length,
      rungs: rungs.slice(i, i + rungsPerJob),
      ladderSize: rungs.length,
      grid: { segmentUs: segmentSeconds * 1_000_000, phaseUs: 0, partsPerSegment },
      thumbnails: jobs.length === 0,
      ultra: spec.latency === 'ultra',
    });
  }
  return jobs;
}
