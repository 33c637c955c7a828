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
};
