import { expect, test } from '@jest/globals';
import { isAtOnce, machineByRequest } from '../../../../providers/email/tracking/machine.ts';

const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36'; // prettier-ignore
const by = (agent: string | undefined, headers = {}, method = 'GET') =>
  machineByRequest({ method, headers: { 'user-agent': agent, ...headers } });

test.each([
  ['Chrome', CHROME],
  ['Firefox', 'Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0'],
  ['Thunderbird', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.9.0'],
  ['Apple Mail without privacy protection', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'],
  ['Mail on an iPhone', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148'],
  ['Outlook', 'Microsoft Office/16.0 (Microsoft Outlook 16.0.13228; Pro), Mozilla/4.0 (compatible; ms-office; MSOffice 16)'],
  ['Outlook, older', 'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.4954; ms-office; MSOffice 16)'],
  ['Outlook on an iPhone', 'Outlook-iOS/709.2226530.prod.iphone'],
  ['an app on Android', 'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.0.0 Mobile Safari/537.36'],
])('%s is a person', (_name, agent) => {
  expect(by(agent)).toBeNull();
}); // prettier-ignore

test.each([
  ['Apple Mail Privacy Protection', 'Mozilla/5.0', 'proxy'],
  ['Gmail', 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)', 'proxy'],
  ['Yahoo', 'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html', 'proxy'],
  ['Gmail looking into links', `${CHROME} Edge/12.246 Gmail-content-sampling`, 'agent'],
  ['Microsoft Defender', 'Microsoft Office Existence Discovery', 'agent'],
  ['Safe Links', 'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5', 'agent'],
  ['Bing', `${CHROME} BingPreview/1.0b`, 'agent'],
  ['Barracuda', 'Barracuda Sentinel (EE)', 'agent'],
  ['Proofpoint', 'Mozilla/5.0 (compatible; proofpoint)', 'agent'],
  ['Mimecast', 'Mozilla/5.0 (X11; Linux x86_64) Mimecast', 'agent'],
  ['Cisco', 'CiscoSecureEmail/15', 'agent'],
  ['Slack', 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)', 'agent'],
  ['a script', 'python-requests/2.31', 'agent'],
  ['a headless browser', CHROME.replace('Chrome/', 'HeadlessChrome/'), 'agent'],
  ['nobody in particular', undefined, 'agent'],
])('%s is a machine', (_name, agent, reason) => {
  expect(by(agent)).toBe(reason);
}); // prettier-ignore

test('who only asks, or fetches ahead, is a machine whatever it calls itself', () => {
  expect(by(CHROME, {}, 'HEAD')).toBe('head');
  for (const headers of [
    { purpose: 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'x-moz': 'prefetch' },
    { 'x-purpose': 'preview' },
  ])
    expect(by(CHROME, headers)).toBe('prefetch');
});

test('nobody reads a mail the moment it is sent', () => {
  expect([isAtOnce('click', 9_999), isAtOnce('click', 10_000)]).toEqual([true, false]);
  expect([isAtOnce('open', 1_999), isAtOnce('open', 2_000)]).toEqual([true, false]);
  expect(isAtOnce('click', null)).toBe(true);
});
