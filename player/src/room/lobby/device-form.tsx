import { Volume2 } from 'lucide-react';
import { LevelMeter } from '../../devices/index.ts';
import { Button } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import type { Option } from '../../ui/option.ts';
import { Toggle } from '../../ui/toggle.tsx';
import { canBlur } from '../media/background-blur.ts';
import type { LocalMedia, PictureSize } from '../media/local-media.ts';
import { useStore } from '../use-store.ts';
import { testTone } from './test-tone.ts';
import './devices.css';

const PICTURES: readonly Option<PictureSize>[] = [
  { value: 'large', label: 'Large: as good as the network bears' },
  { value: 'medium', label: 'Medium: half the size' },
  { value: 'small', label: 'Small: for weak devices and bad networks' },
];

/** Camera, microphone, speaker, and what is done to the sound. */
export function DeviceForm({ local }: { local: LocalMedia }) {
  const { inputs, tracks, preferences, isMicrophoneOn } = useStore(local.store);
  const chosen = (id: string, devices: readonly MediaDeviceInfo[], track?: MediaStreamTrack) =>
    track?.getSettings().deviceId ?? (id === '' ? (devices[0]?.deviceId ?? '') : id);
  return (
    <div className="device-form">
      {inputs.cameras.length > 0 && (
        <Select
          label="Camera"
          options={optionsOf(inputs.cameras, 'Camera')}
          value={chosen(preferences.cameraId, inputs.cameras, tracks.camera)}
          onChange={(cameraId) => local.choose({ cameraId })}
        />
      )}
      {inputs.cameras.length > 0 && (
        <Select
          label="Picture"
          options={PICTURES}
          value={preferences.picture}
          onChange={(picture) => local.choose({ picture })}
        />
      )}
      {canBlur(tracks.camera) && (
        <Toggle isOn={preferences.blur} onChange={(blur) => local.setBlur(blur)}>
          Blur what is behind me
        </Toggle>
      )}
      {inputs.microphones.length > 0 && (
        <Select
          label="Microphone"
          options={optionsOf(inputs.microphones, 'Microphone')}
          value={chosen(preferences.microphoneId, inputs.microphones, tracks.microphone)}
          onChange={(microphoneId) => local.choose({ microphoneId })}
        />
      )}
      <LevelMeter track={tracks.microphone} isMuted={!isMicrophoneOn} />
      {inputs.speakers.length > 0 && (
        <Select
          label="Speaker"
          options={optionsOf(inputs.speakers, 'Speaker')}
          value={chosen(preferences.speakerId, inputs.speakers)}
          onChange={(speakerId) => local.choose({ speakerId })}
        />
      )}
      <div className="row-actions">
        <Button
          size="small"
          icon={<Volume2 size={16} aria-hidden="true" />}
          onPress={() => testTone(preferences.speakerId)}
        >
          Test the speaker
        </Button>
      </div>
      <Toggle
        isOn={preferences.noiseSuppression}
        onChange={(noiseSuppression) => local.setProcessing({ noiseSuppression })}
      >
        Suppress noise
      </Toggle>
      <Toggle
        isOn={preferences.echoCancellation}
        onChange={(echoCancellation) => local.setProcessing({ echoCancellation })}
      >
        Cancel echo
      </Toggle>
    </div>
  );
}

const optionsOf = (devices: readonly MediaDeviceInfo[], what: string) =>
  devices.map(({ deviceId, label }, i) => ({
    value: deviceId,
    label: label === '' ? `${what} ${i + 1}` : label,
  }));
