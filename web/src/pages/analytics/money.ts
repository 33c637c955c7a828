import { useTranslation } from 'react-i18next';

/** An amount in a currency (ISO 4217), as the reader's language writes it. */
export function useMoney(): (amount: number, currency: string) => string {
  const { i18n } = useTranslation();
  return (amount, currency) => {
    try {
      return new Intl.NumberFormat(i18n.language, {
        style: 'currency',
        currency,
        maximumFractionDigits: 0,
      }).format(amount);
    } catch {
      // What other systems call a currency need not be one.
      return `${amount} ${currency}`;
    }
  };
}
