import { MonitorUp, Phone, Video } from 'lucide-react';
import type { CallMedia } from '#contracts';
import { IconButton } from '../../ui/button.tsx';

const KINDS = [
  { media: 'audio', Icon: Phone, label: (name: string) => `Call ${name}` },
  { media: 'video', Icon: Video, label: (name: string) => `Call ${name} with video` },
  {
    media: 'screen',
    Icon: MonitorUp,
    label: (name: string) => `Call ${name} and share the screen`,
  },
] as const;

/** The ways to call somebody. */
export function CallButtons({
  name,
  kinds,
  isDisabled,
  onCall,
}: {
  name: string;
  kinds: readonly CallMedia[];
  isDisabled: boolean;
  onCall: (media: CallMedia) => void;
}) {
  return KINDS.filter(({ media }) => kinds.includes(media)).map(({ media, Icon, label }) => (
    <IconButton
      key={media}
      label={label(name)}
      icon={<Icon size={18} aria-hidden="true" />}
      isDisabled={isDisabled}
      onPress={() => onCall(media)}
    />
  ));
}

/** Phones share no screens. */
export const mayShareScreen = (): boolean => 'getDisplayMedia' in (navigator.mediaDevices ?? {});
