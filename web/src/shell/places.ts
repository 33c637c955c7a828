import {
  IconAddressBook,
  IconChartBar,
  IconInbox,
  IconListCheck,
  IconRoute,
  IconSend,
  IconSettings,
  type Icon,
} from '@tabler/icons-react';

/** Where one can go. `count`: how many wait there; `wide`: on a phone it is by the account instead. */
export const PLACES = [
  { to: '/today', name: 'today', icon: IconListCheck, count: 'tasksOpen' },
  { to: '/inbox', name: 'inbox', icon: IconInbox, count: 'waiting' },
  { to: '/leads', name: 'leads', icon: IconAddressBook },
  { to: '/sequences', name: 'sequences', icon: IconRoute },
  { to: '/launches', name: 'launches', icon: IconSend },
  { to: '/analytics', name: 'analytics', icon: IconChartBar },
  { to: '/settings', name: 'settings', icon: IconSettings, wide: true },
] as const satisfies readonly {
  to: string;
  name: string;
  icon: Icon;
  count?: 'tasksOpen' | 'waiting';
  wide?: boolean;
}[];
