import { Modal, Table } from '@mantine/core';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './KeysHelp.module.css';

const KEYS = {
  everywhere: { search: ['/', 'Ctrl K'], undo: ['z'], help: ['?'], close: ['Esc'] },
  desk: { next: ['j'], previous: ['k'], outcome: ['1', '9'] },
  inbox: { reply: ['r'], send: ['Ctrl ⏎'], close: ['e'] },
  leads: { next: ['j'], previous: ['k'], open: ['o'], select: ['x'] },
  sequence: { save: ['Ctrl S'] },
} as const;

/** Every key that does something, and what. */
export function KeysHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('keys.title')}
      size={440}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Table withRowBorders={false} verticalSpacing={4} className={classes.keys!}>
        {Object.entries(KEYS).map(([place, keys]) => (
          <Table.Tbody key={place}>
            <Table.Tr>
              <Table.Th colSpan={2} scope="rowgroup">
                {t(`keys.place.${place as keyof typeof KEYS}`)}
              </Table.Th>
            </Table.Tr>
            {Object.entries<readonly string[]>(keys).map(([does, names]) => (
              <Table.Tr key={does}>
                <Table.Td>{t(`keys.${place}.${does}` as 'keys.everywhere.search')}</Table.Td>
                <Table.Td className={classes.names!}>
                  {names.map((name, index) => (
                    <Fragment key={name}>
                      {index > 0 && (does === 'outcome' ? '–' : t('keys.or'))}
                      <kbd>{name}</kbd>
                    </Fragment>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        ))}
      </Table>
    </Modal>
  );
}
