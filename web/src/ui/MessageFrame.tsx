import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './MessageFrame.module.css';

/**
 * A message's own HTML, from an address of the API that serves it with a policy of its own. The frame is sandboxed: no scripts,
 * no forms, no way to the page. Remote images stay off until asked for (`withImages` is the address that lets them in).
 */
export function MessageFrame({ src, withImages }: { src: string; withImages?: string }) {
  const { t } = useTranslation();
  const [images, setImages] = useState(false);
  return (
    <div>
      {withImages && !images && (
        <Group className={classes.bar} justify="space-between" gap="xs">
          <Text size="xs" c="dimmed">
            {t('message.imagesOff')}
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => setImages(true)}>
            {t('message.showImages')}
          </Button>
        </Group>
      )}
      <iframe
        className={classes.frame}
        title={t('message.frame')}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
        loading="lazy"
        src={images && withImages ? withImages : src}
      />
    </div>
  );
}
