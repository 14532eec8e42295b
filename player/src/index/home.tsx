import { useQuery } from '@tanstack/react-query';
import { infoQuery, publicQuery, sessionQuery } from '../api/queries.ts';
import { buttonClass } from '../ui/button-class.ts';
import { Shell } from '../ui/shell.tsx';
import { FirstSteps } from './first-steps.tsx';
import { OnNow } from './on-now.tsx';
import { StartRoom } from './start-room.tsx';
import { Theatre } from './theatre.tsx';
import './home.css';

/** What this place is, and what there is to watch. */
export function Home() {
  const live = useQuery(publicQuery);
  const session = useQuery(sessionQuery);
  const info = useQuery(infoQuery);
  const events = live.data?.items ?? [];
  const [first, ...others] = events;
  const admin = session.data?.admin === true;

  return (
    <Shell here="home" version={info.data?.version}>
      <section className="hero" aria-labelledby="hero-title">
        <div className="hero-words">
          <h1 id="hero-title">Every seat, one second from the stage.</h1>
          <p>
            Amphi takes what OBS sends and shows it in any browser about a second later, in every
            quality, and lets everyone rewind.
          </p>
          <div className="hero-actions">
            {first !== undefined && (
              <a className={buttonClass('primary', 'large')} href={first.watchUrl}>
                Watch now
              </a>
            )}
            <a
              className={buttonClass(first === undefined ? 'primary' : 'outline', 'large')}
              href="/studio"
            >
              {admin ? 'Open the studio' : 'Go live yourself'}
            </a>
            <StartRoom />
          </div>
        </div>
        <Theatre event={first} loading={live.isPending} />
      </section>
      {others.length > 0 && <OnNow events={others} />}
      {live.isError && (
        <p className="home-trouble" role="alert">
          What is on now cannot be read: {live.error.message}
        </p>
      )}
      <FirstSteps rtmpPort={info.data?.rtmpPort} admin={admin} />
    </Shell>
  );
}
