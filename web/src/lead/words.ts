import { useTranslation } from 'react-i18next';

/** The server's words (`waits_for_slot`, `linkedin_invite`) in the reader's language; one that is not known is said as it is. */
export function useWord(): (code: string) => string {
  const { t, i18n } = useTranslation(['lead', 'why']);
  const say = (code: string): string => {
    const word = code.replaceAll('.', '_');
    if (i18n.exists(`lead:word.${word}`)) return t(`lead:word.${word as 'sent'}`);
    if (i18n.exists(`why:reason.${word}`)) return t(`why:reason.${word as 'waits'}`).replace(/\.$/, '');
    const waited = /^(.+)_(already_happened|did_not_happen|happened)$/.exec(word);
    if (waited) return `${say(waited[1]!)}: ${t(`lead:word.${waited[2] as 'happened'}`)}`;
    return word.replaceAll('_', ' ');
  };
  return (code) => {
    const [word = '', about] = code.split(':', 2);
    return about ? `${say(word)} (${about})` : say(word);
  };
}

/** The same in a sentence; what follows a colon in it is what it is about (`missing_variable:lead.title`). */
export function useReason(): (reason: string) => string {
  const { t, i18n } = useTranslation('why');
  return (reason) => {
    const [word = '', about] = reason.split(':', 2);
    const said = i18n.exists(`why:reason.${word}`)
      ? t(`reason.${word as 'waits'}`)
      : t('other', { reason: word.replaceAll('_', ' ') });
    return about ? `${said.replace(/\.$/, '')} (${about}).` : said;
  };
}
