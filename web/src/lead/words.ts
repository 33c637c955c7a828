import { useTranslation } from 'react-i18next';

/** The server's words (`waits_for_slot`, `linkedin_invite`) in the reader's language; one that is not known is said as it is. */
export function useWord(): (code: string) => string {
  const { t, i18n } = useTranslation('lead');
  return (code) => {
    const [word = '', about] = code.split(':', 2);
    const key = `word.${word}`;
    const said = i18n.exists(`lead:${key}`)
      ? t(key as 'word.sent')
      : word.replaceAll('_', ' ').replaceAll('.', ' ');
    return about ? `${said} (${about})` : said;
  };
}
