import { useTranslation } from 'react-i18next';

/** The server's words (`waits_for_slot`, `linkedin_invite`) in the reader's language; one that is not known is said as it is. */
export function useWord(): (code: string) => string {
  const { t, i18n } = useTranslation(['lead', 'why']);
  return (code) => {
    const [word = '', about] = code.split(':', 2);
    const said = i18n.exists(`lead:word.${word}`)
      ? t(`lead:word.${word as 'sent'}`)
      : i18n.exists(`why:reason.${word}`)
        ? t(`why:reason.${word as 'waits'}`).replace(/\.$/, '')
        : word.replaceAll('_', ' ').replaceAll('.', ' ');
    return about ? `${said} (${about})` : said;
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
