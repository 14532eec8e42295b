import type { PastCall } from '#contracts';

const OUTCOMES: Record<PastCall['outcome'], { in: string; out: string }> = {
  'hung-up': { in: 'They called', out: 'You called' },
  declined: { in: 'You declined', out: 'Declined' },
  busy: { in: 'Missed', out: 'Busy' },
  'no-answer': { in: 'Missed', out: 'No answer' },
  unavailable: { in: 'Missed', out: 'Not there' },
  cancelled: { in: 'Missed', out: 'Given up' },
  'answered-elsewhere': { in: 'They called', out: 'You called' },
  missed: { in: 'Missed', out: 'No answer' },
};
const MEDIA: Record<PastCall['media'], string> = {
  audio: '',
  video: ', video',
  screen: ', screen',
};

/** What became of a call, as its one side sees it. Pure. */
export const pastCallWords = ({ outcome, direction, media }: PastCall): string =>
  OUTCOMES[outcome][direction] + MEDIA[media];
