export { ChatStore } from './chat/store.ts';
export { calendarFile } from './meetings/calendar.ts';
export { MeetingRepository, type MeetingRow } from './meetings/repository.ts';
export { type Caller, MeetingService } from './meetings/service.ts';
export { SignalGateway } from './signaling/gateway.ts';
export { Rooms } from './signaling/rooms.ts';
