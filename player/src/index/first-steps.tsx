import { buttonClass } from '../ui/button-class.ts';

/** For whoever has just started a server: from OBS to a watch page in three steps. */
export function FirstSteps({ rtmpPort, admin }: { rtmpPort: number | undefined; admin: boolean }) {
  const port = rtmpPort === undefined || rtmpPort === 1935 ? '' : `:${rtmpPort}`;
  return (
    <section className="first" aria-labelledby="first-title">
      <div className="first-head">
        <h2 id="first-title">Put something on this stage</h2>
        <a className={buttonClass()} href={admin ? '/studio/main' : '/studio'}>
          {admin ? 'Open the main stage' : 'Sign in to the studio'}
        </a>
      </div>
      <ol className="first-steps">
        <li>
          <h3>Get a stream key</h3>
          <p>
            {admin
              ? 'Open an event in the studio and make a key, or take the one that was printed at the first start.'
              : 'The server printed a studio link and a key when it first started. The link signs you in.'}
          </p>
        </li>
        <li>
          <h3>Point OBS here</h3>
          <p>Settings, Stream, Custom…, with this server and your key:</p>
          <code className="first-server">
            rtmp://{location.hostname}
            {port}/live
          </code>
        </li>
        <li>
          <h3>Start streaming</h3>
          <p>
            Share the watch link. People see you a second later, and can go back to the beginning.
          </p>
        </li>
      </ol>
    </section>
  );
}
