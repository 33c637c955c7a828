/**
 * The least role that may use each operation, and the scope by which an API key may (none: sessions only); `anyone` is also who is
 * not signed in. Roles in order: rep, manager, admin.
 */
export const WHO_MAY: Readonly<Record<string, string>> = {
  'meta.openapi': 'rep',

  'session.signIn': 'anyone',
  'session.useLink': 'anyone',
  'session.signOut': 'rep',
  'me.read': 'rep settings:read',
  'me.change': 'rep',
  'me.setPassword': 'rep',
  'apiKeys.list': 'rep',
  'apiKeys.add': 'rep',
  'apiKeys.revoke': 'rep',

  'users.list': 'manager settings:read',
  'users.add': 'admin',
  'users.read': 'manager settings:read',
  'users.change': 'admin',
  'users.link': 'admin',
  'leads.list': 'rep leads:read',
  'leads.read': 'rep leads:read',
  'leads.why': 'rep leads:read',
  'leads.timeline': 'rep leads:read',
  'leads.export': 'rep leads:read',
  'leads.event': 'rep leads:write',
  'leads.suppress': 'rep leads:write',
  'leads.erase': 'manager leads:write',
  'leads.pause': 'rep leads:write',
  'leads.resume': 'rep leads:write',
  'leads.stop': 'rep leads:write',
  'leads.skip': 'rep leads:write',
  'leads.retry': 'rep leads:write',
  'leads.reschedule': 'rep leads:write',

  'audit.list': 'admin settings:read',

  'me.counts': 'rep tasks:read',
  'me.stream': 'rep tasks:read',

  'tasks.list': 'rep tasks:read',
  'tasks.read': 'rep tasks:read',
  'tasks.complete': 'rep tasks:write',
  'tasks.ring': 'rep tasks:write',

  'touches.settle': 'rep tasks:write',

  'inbox.list': 'rep inbox:read',
  'inbox.conversation': 'rep inbox:read',
  'inbox.reply': 'rep inbox:write',
  'inbox.settle': 'rep inbox:write',
  'inbox.class': 'rep inbox:write',
  'inbox.match': 'rep inbox:write',
  'inbox.raw': 'rep inbox:read',
  'inbox.html': 'rep inbox:read',

  'snippets.list': 'rep inbox:read',
  'snippets.add': 'rep inbox:write',
  'snippets.read': 'rep inbox:read',
  'snippets.change': 'rep inbox:write',
  'snippets.delete': 'rep inbox:write',

  'launches.list': 'rep launches:read',
  'launches.create': 'rep launches:write',
  'launches.read': 'rep launches:read',
  'launches.add': 'rep launches:write',
  'launches.enrollments': 'rep launches:read',
  'launches.exclusions': 'rep launches:read',
  'launches.numbers': 'rep launches:read',
  'launches.progress': 'rep launches:read',

  'pauses.list': 'rep launches:read',

  'controls.pause': 'rep launches:write',
  'controls.resume': 'rep launches:write',
  'controls.stop': 'rep launches:write',

  'senders.list': 'manager senders:read',
  'senders.add': 'admin senders:write',
  'senders.read': 'manager senders:read',
  'senders.change': 'admin senders:write',
  'senders.check': 'manager senders:read',
  'senders.repair': 'admin senders:write',

  'webhooks.list': 'admin webhooks:read',
  'webhooks.add': 'admin webhooks:write',
  'webhooks.deliveries': 'admin webhooks:read',
  'webhooks.replay': 'admin webhooks:write',
  'webhooks.rotate': 'admin webhooks:write',
  'webhooks.enable': 'admin webhooks:write',
  'webhooks.disable': 'admin webhooks:write',
  'webhooks.remove': 'admin webhooks:write',

  'sources.list': 'admin webhooks:read',
  'sources.add': 'admin webhooks:write',
  'sources.events': 'admin webhooks:read',
  'sources.rotate': 'admin webhooks:write',
  'sources.remove': 'admin webhooks:write',
};
