import { Button, Code, CopyButton, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { focusOutside } from './focus.ts';

/** Something that is shown this once: it can be copied, and closing forgets it. */
export function Secret({
  title,
  text,
  value,
  onClose,
}: {
  title: string;
  text: string;
  value: string | null;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={value !== null}
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={false}
      onExitTransitionEnd={focusOutside}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack>
        <Text>{text}</Text>
        <Code block>{value}</Code>
        <Group justify="flex-end">
          <CopyButton value={value ?? ''}>
            {({ copied, copy }) => (
              <Button onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Modal>
  );
}
