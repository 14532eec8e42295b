import { type ReactNode, useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import type { EventView, SourceView } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { CopyField } from '../../ui/copy.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Select } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useFreshKey } from '../fresh-keys.ts';
import { useRotateKey } from './changes.ts';
import { BITRATES, ffmpegFile, ffmpegTest } from './encoder-settings.ts';
import './connect.css';
import '../../ui/table.css';

const KEY_PLACE = 'YOUR-STREAM-KEY';

/** How to point an encoder here, with the very values to paste. */
export function Connect({ event }: { event: EventView }) {
  const [chosen, setChosen] = useState<string>();
  const source = event.sources.find(({ sourceId }) => sourceId === chosen) ?? event.sources[0];
  if (source === undefined) {
    return <Notice level="info">This event has no source. Add one to get a stream key.</Notice>;
  }
  return (
    <div className="stack">
      {!event.open && (
        <Notice level="warn">
          This event has ended: encoders are refused until you open it again.
        </Notice>
      )}
      {event.sources.length > 1 && (
        <div className="connect-source">
          <Select
            label="Source"
            options={event.sources.map(({ sourceId, name }) => ({ value: sourceId, label: name }))}
            value={source.sourceId}
            onChange={setChosen}
          />
        </div>
      )}
      <Guide key={source.sourceId} event={event} source={source} />
    </div>
  );
}

function Guide({ event, source }: { event: EventView; source: SourceView }) {
  const fresh = useFreshKey(source.sourceId);
  const server = source.rtmpServer ?? '';
  const { kind } = source;
  const address = fresh?.rtmpUrl ?? `${server}/${KEY_PLACE}`;
  const covered = fresh?.streamKey;
  if (source.rtmpServer === undefined && source.whipUrl === undefined) {
    return (
      <Notice level="warn">
        This server takes nothing for <bdi>{source.name}</bdi>, a source of kind {kind}. Encoders
        can send by RTMP or WHIP: add another source for that.
      </Notice>
    );
  }
  return (
    <Tabs className="tabs connect" orientation="horizontal">
      <TabList className="tab-list" aria-label="Encoder">
        {kind === 'rtmp' && (
          <Tab id="obs" className="tab">
            OBS Studio
          </Tab>
        )}
        {kind === 'rtmp' && (
          <Tab id="ffmpeg" className="tab">
            ffmpeg
          </Tab>
        )}
        <Tab id="whip" className="tab">
          WHIP
        </Tab>
        {kind === 'rtmp' && (
          <Tab id="other" className="tab">
            Other encoders
          </Tab>
        )}
      </TabList>
      <TabPanel id="obs" className="tab-panel">
        <ol className="steps">
          <Step title="Open the stream settings">
            <p>
              In OBS choose <Path>Settings</Path> <Path>Stream</Path> and set the service to{' '}
              <b>Custom…</b>
            </p>
          </Step>
          <Step title="Paste the server and the stream key">
            <CopyField label="Server" value={server} />
            <Key event={event} source={source} />
          </Step>
          <Step title="Set the encoder">
            <p>
              In <Path>Settings</Path> <Path>Output</Path>, output mode <b>Advanced</b>:
            </p>
            <dl className="settings-list">
              <Setting name="Rate control">CBR</Setting>
              <Setting name="Keyframe interval">2 s</Setting>
              <Setting name="CPU usage preset">veryfast</Setting>
              <Setting name="Tune">zerolatency</Setting>
              <Setting name="Audio bitrate">160 kbit/s</Setting>
            </dl>
            <p className="dim small">
              That is for x264. A hardware encoder (NVENC, QuickSync, AMF) does as well: low-latency
              preset, no B-frames.
            </p>
          </Step>
          <Step title="Choose size and bitrate">
            <div className="table-wrap">
              <table className="table connect-rates">
                <caption className="visually-hidden">Bitrate by size of the picture</caption>
                <thead>
                  <tr>
                    <th scope="col">Output</th>
                    <th scope="col" className="num">
                      Video bitrate
                    </th>
                    <th scope="col" className="num">
                      Upload
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {BITRATES.map(({ output, kbps, uploadMbps }) => (
                    <tr key={output}>
                      <th scope="row">{output}</th>
                      <td className="num">{kbps.toLocaleString('en')} kbit/s</td>
                      <td className="num">{uploadMbps} Mbit/s</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Step>
          <Step title="Start streaming">
            <p>
              The picture appears above within a few seconds, and viewers see it a second later.
            </p>
          </Step>
        </ol>
      </TabPanel>
      <TabPanel id="ffmpeg" className="tab-panel stack">
        <Key event={event} source={source} />
        <CopyField
          label="A test picture with a tone"
          value={ffmpegTest(address)}
          covered={covered}
          wrap
        />
        <CopyField
          label="A file, in real time"
          value={ffmpegFile(address)}
          covered={covered}
          wrap
        />
      </TabPanel>
      <TabPanel id="whip" className="tab-panel stack">
        <p>
          <b>WHIP</b> is WebRTC from an encoder: less delay than RTMP, and it gets through a weaker
          network. In OBS 30 or newer choose the service <b>WHIP</b>; the stream key is the bearer
          token. A browser on this page needs neither: press <b>Use this camera</b> above.
        </p>
        <CopyField label="WHIP address" value={source.whipUrl ?? ''} />
        <Key event={event} source={source} />
      </TabPanel>
      <TabPanel id="other" className="tab-panel stack">
        <p>
          Any encoder that sends <b>RTMP</b> with <b>H.264</b> video and <b>AAC</b> sound works:
          vMix, Wirecast, Larix, hardware encoders, drones. Give it a key frame every 2 s and no
          B-frames.
        </p>
        <CopyField label="Server" value={server} />
        <Key event={event} source={source} />
      </TabPanel>
    </Tabs>
  );
}

/** The key if it was made on this page; else the way to a new one. */
function Key({ event, source }: { event: EventView; source: SourceView }) {
  const fresh = useFreshKey(source.sourceId);
  const rotate = useRotateKey(event.eventId);
  const [asking, setAsking] = useState(false);
  if (fresh !== undefined) return <CopyField label="Stream key" value={fresh.streamKey} secret />;
  return (
    <div className="copy">
      <span className="field-label">Stream key</span>
      <div className="connect-key">
        <p className="dim small">
          Shown once, when it was made. If nobody has kept it, make a new one.
        </p>
        <Button size="small" onPress={() => setAsking(true)}>
          Make a new key
        </Button>
      </div>
      <ConfirmDialog
        title={`A new key for ${source.name}?`}
        action="Make a new key"
        look="primary"
        isOpen={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => rotate.mutateAsync(source.sourceId)}
      >
        The old key stops working at once
        {source.health?.connected
          ? ', and the encoder that is connected with it is cut off within two seconds'
          : ''}
        .
      </ConfirmDialog>
    </div>
  );
}

function Step({ title, children }: { title: string; children: ReactNode }) {
  return (
    <li className="step">
      <h3>{title}</h3>
      {children}
    </li>
  );
}

const Path = ({ children }: { children: string }) => <span className="path">{children}</span>;

function Setting({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
