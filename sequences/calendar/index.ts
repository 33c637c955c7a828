/** Time zones, windows, holidays, waits and slots: the only local-time arithmetic of the project, all of it pure. */
export type { BusySlot, Cap, RampUp, SenderLimits } from './capacity.ts';
export type { DaysOff } from './days-off.ts';
export { calendarYear } from './holidays.ts';
export { resolveZone } from './resolve-zone.ts';
export { checkSlot, placeSlot, slotSeed, type Slot, type SlotRequest } from './slots.ts';
export { addWaits, MissingField, type WaitContext } from './waits.ts';
export { formatLocal, isZone, localDay, startOfDay, UnknownZone } from './zone.ts';
