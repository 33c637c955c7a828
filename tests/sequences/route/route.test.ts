import { expect, test } from '@jest/globals';
import type { Channel, LeadProfile } from '../../../sequences/lead.ts';
import type { TouchNode } from '../../../sequences/plan.ts';
import { chooseRoute, type RouteRequest, type RouteSender } from '../../../sequences/route/route.ts';

const lead: LeadProfile = {
  id: 'ada',
  seed: 'ada@x.test',
  externalId: null,
  firstName: 'Ada',
  lastName: 'Lovelace',
  company: null,
  companyDomain: null,
  title: null,
  emails: ['ada@x.test', 'second@x.test'],
  phones: ['+4930123456'],
  linkedinUrl: 'https://www.linkedin.com/in/ada',
  country: 'DE',
  locale: null,
  timeZone: null,
  companyTimeZone: null,
  preferredChannel: null,
  persona: null,
  owner: null,
  consent: { status: 'unknown', source: null, at: null },
  attributes: {},
};

const sender = (id: string, channel: Channel, broken = false, owner: string | null = null): RouteSender => ({
  id,
  channel,
  address: `${id}@acme.test`,
  owner,
  broken,
});
const everyChannel = (['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const).map((channel) =>
  sender(`${channel}-1`, channel),
);
const step = (channel: TouchNode['channel'], action: TouchNode['action']): TouchNode => ({
  id: 'hello',
  kind: 'touch',
  channel,
  action,
  next: null,
  review: false,
  onFailure: 'continue',
});

function route(change: Partial<RouteRequest>) {
  return chooseRoute({
    node: step('email', 'email'),
    copy: {},
    lead,
    senders: everyChannel,
    sticky: {},
    connected: true,
    suppressed: new Set(),
    dead: {},
    personaChannels: {},
    rotationKey: lead.seed,
    ...change,
  });
}

const preferred = {
  node: step('preferred', 'preferred'),
  copy: {
    byChannel: { sms: { body: 'Hi' }, email: { subject: 'Hi', body: 'Hi' }, linkedin: { body: 'Hi' } },
  },
};

test('an address that bounced is passed over; without another one there is none', () => {
  const two = { ...lead, emails: ['gone@acme.test', 'ada@acme.test'] };
  expect(route({ lead: two, dead: { email: ['gone@acme.test'] } })).toMatchObject({
    address: 'ada@acme.test',
  });
  expect(route({ lead: two, dead: { sms: ['gone@acme.test'] } })).toMatchObject({
    address: 'gone@acme.test',
  });
  expect(route({ lead: two, dead: { email: two.emails } })).toEqual({ reason: 'no_email' });
});

test('each channel has its address and its sender', () => {
  expect(route({})).toEqual({
    channel: 'email',
    action: 'email',
    address: 'ada@x.test',
    senderId: 'email-1',
  });
  expect(route({ node: step('linkedin', 'invite') })).toEqual({
    channel: 'linkedin',
    action: 'invite',
    address: lead.linkedinUrl,
    senderId: 'linkedin-1',
  });
  expect(route({ node: step('call', 'call') })).toMatchObject({ address: '+4930123456', senderId: 'call-1' });
  expect(route({ node: step('task', 'task') })).toEqual({
    channel: 'task',
    action: 'task',
    address: null,
    senderId: null,
  });
  expect(route({ node: step('webhook', 'webhook'), senders: [] })).toMatchObject({
    channel: 'webhook',
    senderId: null,
  });
});

test('why not: suppressed, no address, no sender that works', () => {
  expect(route({ suppressed: new Set(['email']) })).toEqual({ reason: 'suppressed' });
  expect(route({ lead: { ...lead, emails: [] } })).toEqual({ reason: 'no_email' });
  expect(route({ lead: { ...lead, phones: [] }, node: step('sms', 'sms') })).toEqual({ reason: 'no_phone' });
  expect(route({ lead: { ...lead, linkedinUrl: null }, node: step('linkedin', 'visit') })).toEqual({
    reason: 'no_linkedin',
  });
  expect(route({ senders: [] })).toEqual({ reason: 'no_sender' });
  expect(route({ senders: [sender('broken', 'email', true)] })).toEqual({ reason: 'no_sender' });
});

test('preferred: the lead’s channel, else the persona’s, else the first text that can go', () => {
  const channel = (change: Partial<RouteRequest>) => {
    const found = route({ ...preferred, ...change });
    return 'reason' in found ? found.reason : `${found.channel} ${found.action}`;
  };
  const personaChannels = { 'head of it': 'linkedin' as const, founder: 'whatsapp' as const };
  expect(channel({})).toBe('sms sms');
  expect(channel({ lead: { ...lead, preferredChannel: 'email' } })).toBe('email email');
  expect(channel({ lead: { ...lead, persona: 'Head of IT' }, personaChannels })).toBe('linkedin message');
  expect(
    channel({ lead: { ...lead, preferredChannel: 'email', persona: 'Head of IT' }, personaChannels }),
  ).toBe('email email');
  // No text, no address, no sender, or a suppression: the next one.
  expect(channel({ lead: { ...lead, persona: 'founder' }, personaChannels })).toBe('sms sms');
  expect(channel({ lead: { ...lead, phones: [] } })).toBe('email email');
  expect(channel({ senders: [sender('l', 'linkedin')] })).toBe('linkedin message');
  expect(channel({ suppressed: new Set(['sms', 'email']) })).toBe('linkedin message');
  // A message on LinkedIn reaches connections only.
  expect(channel({ lead: { ...lead, preferredChannel: 'linkedin' }, connected: false })).toBe('sms sms');
  expect(channel({ senders: [sender('l', 'linkedin')], connected: false })).toBe('no_channel');
  expect(channel({ senders: [] })).toBe('no_sender');
  expect(channel({ senders: [], suppressed: new Set(['sms']) })).toBe('no_channel');
  expect(channel({ copy: {} })).toBe('no_channel');
});

test('a lead keeps its sender while it works, then another takes over', () => {
  const senders = [sender('a', 'email'), sender('b', 'email'), sender('c', 'email')];
  expect(route({ senders, sticky: { email: 'b' } })).toMatchObject({ senderId: 'b' });
  const broken = [sender('a', 'email'), sender('b', 'email', true), sender('c', 'email')];
  expect(route({ senders: broken, sticky: { email: 'b' } })).toMatchObject({
    senderId: expect.stringMatching(/^[ac]$/),
  });
});

test('a lead hears from one person on every channel: the owner, else always the same rep', () => {
  const senders = ['ada', 'ben', 'cem'].flatMap((rep) => [
    sender(`mail-${rep}`, 'email', false, rep),
    sender(`profile-${rep}`, 'linkedin', false, rep),
  ]);
  const rep = (channel: 'email' | 'linkedin', change: Partial<RouteRequest>) => {
    const found = route({ node: step(channel, channel === 'email' ? 'email' : 'visit'), senders, ...change });
    return 'reason' in found ? found.reason : found.senderId?.split('-')[1];
  };
  const reps = new Set<string | undefined>();
  for (let i = 0; i < 60; i++) {
    const rotationKey = `lead-${i}@x.test`;
    const byMail = rep('email', { rotationKey });
    expect(rep('linkedin', { rotationKey })).toBe(byMail);
    reps.add(byMail);
    expect(rep('email', { rotationKey, lead: { ...lead, owner: 'cem' } })).toBe('cem');
  }
  expect(reps.size).toBe(3);
});

test('senders take equal shares; a further one moves only the leads that it takes', () => {
  const senders = ['a', 'b', 'c', 'd'].map((id) => sender(id, 'email'));
  const chosen = (from: readonly RouteSender[], key: number) => {
    const found = route({ senders: from, rotationKey: `lead-${key}@x.test` });
    return 'reason' in found ? found.reason : found.senderId;
  };
  const shares: Record<string, number> = {};
  for (let i = 0; i < 4000; i++) {
    const id = chosen(senders, i)!;
    shares[id] = (shares[id] ?? 0) + 1;
    const grown = chosen([...senders, sender('e', 'email')], i);
    expect([id, 'e']).toContain(grown);
  }
  for (const id of ['a', 'b', 'c', 'd']) expect(Math.abs(shares[id]! - 1000)).toBeLessThan(120);
});
