import type { MeetingView } from '#contracts';
import type { Problem } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { buttonClass } from '../../ui/button-class.ts';
import { useArrival } from '../../ui/focus.ts';
import { Mark } from '../../ui/logo.tsx';
import { Shell } from '../../ui/shell.tsx';
import type { FilePlace } from '../files/transfer.ts';
import type { Ending } from '../state/room-state.ts';
import { StartAnother } from './start-another.tsx';
import { Survey } from './survey.tsx';
import { endingWords, unavailableWords } from './words.ts';
import './outside.css';

/** After the room: why, and what one can do now. */
export function Over({
  ending,
  meeting,
  place,
  mayStartAnother,
  onAgain,
}: {
  ending: Ending;
  meeting: MeetingView | undefined;
  /** Of who was in the room: they are asked how it was. */
  place: FilePlace | undefined;
  /** Of its host, who may make rooms: when it is over, that is what comes next. */
  mayStartAnother: boolean;
  onAgain: () => void;
}) {
  const heading = useArrival();
  const { title, text, mayReturn } = endingWords(ending, meeting?.title);
  return (
    <Shell>
      <div className="room-card">
        <Mark size={56} />
        <h1 ref={heading} tabIndex={-1} aria-describedby="ending-text">
          {title}
        </h1>
        <p className="dim" id="ending-text">
          {text}
        </p>
        <div className="row-actions">
          {mayReturn && (
            <Button look="primary" onPress={onAgain}>
              Join again
            </Button>
          )}
          {mayStartAnother && ending.why === 'ended' && <StartAnother />}
          <a className={buttonClass()} href="/">
            Home
          </a>
        </div>
        {place !== undefined && <Survey place={place} />}
      </div>
    </Shell>
  );
}

/** There is no such room, or it cannot be asked about. */
export function Unavailable({
  problem,
  mayStartAnother,
}: {
  problem: Problem;
  mayStartAnother: boolean;
}) {
  const { title, text } = unavailableWords(problem.status, problem.message);
  return (
    <Shell>
      <div className="room-card">
        <Mark size={56} />
        <h1>{title}</h1>
        <p className="dim" role="alert">
          {text}
        </p>
        <div className="row-actions">
          {problem.status === 0 && (
            <Button look="primary" onPress={() => location.reload()}>
              Try again
            </Button>
          )}
          {mayStartAnother && problem.status === 410 && <StartAnother />}
          <a className={buttonClass()} href="/">
            Home
          </a>
        </div>
      </div>
    </Shell>
  );
}
