export { ChatStore } from './chat/store.ts';
export { calendarFile } from './meetings/calendar.ts';
export { MeetingRepository, type MeetingRow } from './meetings/repository.ts';
export { type Caller, MeetingService } from './meetings/service.ts';
export { Accounts } from './people/accounts.ts';
export { passwordMark } from './people/passwords.ts';
export { PeopleRepository, type UserRow } from './people/repository.ts';
export { SignalGateway } from './signaling/gateway.ts';
export { Rooms } from './signaling/rooms.ts';
