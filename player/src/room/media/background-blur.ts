/**
 * Blurring what is behind somebody, where the browser and its system do it
 * (Media Capture and Streams Extensions, 5): no picture is computed here.
 */

/** Whether this camera can be told to blur, and not to. */
export function canBlur(camera: MediaStreamTrack | undefined): boolean {
  // Firefox has had no capabilities for long.
  const capabilities: object = camera?.getCapabilities?.() ?? {};
  const offered: unknown = Reflect.get(capabilities, 'backgroundBlur');
  return Array.isArray(offered) && offered.includes(true) && offered.includes(false);
}

/** The constraint; those who do not know it leave it aside. */
export const blurring = (on: boolean): MediaTrackConstraints =>
  ({ backgroundBlur: on }) as MediaTrackConstraints;
