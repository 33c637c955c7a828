import {
  IconBrandLinkedin,
  IconBrandWhatsapp,
  IconChecklist,
  IconMail,
  IconMessage,
  IconPhone,
  IconWebhook,
  type Icon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './Channel.module.css';

const ICONS = {
  email: IconMail,
  linkedin: IconBrandLinkedin,
  sms: IconMessage,
  whatsapp: IconBrandWhatsapp,
  call: IconPhone,
  task: IconChecklist,
  webhook: IconWebhook,
} as const satisfies Readonly<Record<string, Icon>>;
type Known = keyof typeof ICONS;

const isKnown = (channel: string): channel is Known => Object.hasOwn(ICONS, channel);

/** A channel, everywhere by the same icon, hue and word. `bare`: the icon alone, its word for screen readers. */
export function Channel({ channel, bare = false }: { channel: string; bare?: boolean }) {
  const { t } = useTranslation();
  const known = isKnown(channel) ? channel : 'task';
  const Picture = ICONS[known];
  const name = isKnown(channel) ? t(`channel.${channel}`) : channel;
  return (
    <span
      className={classes.channel}
      data-channel={known}
      {...(bare && { title: name, role: 'img', 'aria-label': name })}
    >
      <Picture size={16} stroke={1.75} aria-hidden />
      {!bare && name}
    </span>
  );
}
