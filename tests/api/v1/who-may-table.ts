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
  'audit.list': 'admin settings:read',
};
