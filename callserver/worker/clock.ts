import { systemClock } from '#base';

/** The two times that the packet path wants for every packet. */
export const nowMs = (): number => performance.now();
export const nowUs = (): number => systemClock.nowUs();
