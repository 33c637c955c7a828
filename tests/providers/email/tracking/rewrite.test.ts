import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { htmlOfText, linksOf, trackedHtml } from '../../../../providers/email/tracking/rewrite.ts';

const urls = { open: (id: string) => `https://go.test/t/o/${id}.gif`, click: (id: string, n: number) => `https://go.test/t/c/${id}${n}` }; // prettier-ignore
const spared = ['https://go.test/u/'];

function tracked(html: string, opens = false) {
  const links = linksOf(html, spared);
  return { links, html: trackedHtml(html, { opens, links }, 'T', urls) };
}

test.each([
  ['<a href="https://a.test/?x=1&amp;y=%20#z">A</a>', '<a href="https://go.test/t/c/T0">A</a>', ['https://a.test/?x=1&y=%20#z']],
  [`<A class=b HREF='http://a.test/'>A</A>`, `<A class=b HREF='https://go.test/t/c/T0'>A</A>`, ['http://a.test/']],
  ['<a href=https://a.test/x?y=1>A</a>', '<a href=https://go.test/t/c/T0>A</a>', ['https://a.test/x?y=1']],
  ['<a href=" https://a.test/ " title="https://b.test/">A</a>', '<a href="https://go.test/t/c/T0" title="https://b.test/">A</a>', ['https://a.test/']],
  ['<area href="https://a.test/"><img src="https://a.test/">', '<area href="https://go.test/t/c/T0"><img src="https://a.test/">', ['https://a.test/']],
  // The same address twice is one link.
  ['<a href="https://a.test/">1</a><a href="https://b.test/">2</a><a href="https://a.test/">3</a>',
    '<a href="https://go.test/t/c/T0">1</a><a href="https://go.test/t/c/T1">2</a><a href="https://go.test/t/c/T0">3</a>', ['https://a.test/', 'https://b.test/']],
])('%s leads over us, and nothing else of it changes', (html, expected, links) => {
  expect(tracked(html)).toEqual({ links, html: expected });
}); // prettier-ignore

test.each([
  '<a href="https://go.test/u/token">unsubscribe</a>',
  '<a href="mailto:ada@a.test">mail</a>',
  '<a href="tel:+491">ring</a>',
  '<a href="#top">top</a>',
  '<a href="/relative">here</a>',
  '<a href="//a.test/">no scheme</a>',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="https://">nowhere</a>',
  '<a href>none</a><a>none</a>',
  '<link href="https://a.test/style.css">',
  '<form action="https://a.test/"></form>',
  '<!-- <a href="https://a.test/">c</a> -->',
  '<style>a[href="https://a.test/"]{}</style>',
  'plain https://a.test/ text <b title="<a href=https://a.test/>">b</b>',
])('%s stays as it is', (html) => {
  expect(tracked(html)).toEqual({ links: [], html });
});

test('the image stands at the end of the body, and only where opens are told', () => {
  const img = '<img src="https://go.test/t/o/T.gif" width="1" height="1" alt="" style="border:0">';
  expect(tracked('<p>Hi</p>', true).html).toBe(`<p>Hi</p>${img}`);
  expect(tracked('<html><body><p>Hi</p></BODY></html>', true).html).toBe(
    `<html><body><p>Hi</p>${img}</BODY></html>`,
  );
  expect(tracked('<p>Hi</p>').html).toBe('<p>Hi</p>');
});

test('a link that is not among the stored ones is left alone, and a number always means the stored address', () => {
  const html = '<a href="https://new.test/">n</a><a href="https://b.test/">b</a>';
  expect(trackedHtml(html, { opens: false, links: ['https://a.test/', 'https://b.test/'] }, 'T', urls)).toBe(
    '<a href="https://new.test/">n</a><a href="https://go.test/t/c/T1">b</a>',
  );
});

test('a text becomes HTML that says the same, its links clickable', () => {
  expect(htmlOfText('Hi <b>Ada</b> & "you",\nsee https://a.test/x?a=1&b=2. Or (https://b.test/).\r\n')).toBe(
    '<p>Hi &lt;b&gt;Ada&lt;/b&gt; &amp; &quot;you&quot;,<br>\n' +
      'see <a href="https://a.test/x?a=1&amp;b=2">https://a.test/x?a=1&amp;b=2</a>. ' +
      'Or (<a href="https://b.test/">https://b.test/</a>).<br>\n</p>',
  );
  expect(htmlOfText('https://de.wikipedia.org/wiki/Ada_(Name)')).toContain(
    '"https://de.wikipedia.org/wiki/Ada_(Name)"',
  );
  expect(htmlOfText('https://a.test/"onclick="x https:// javascript:x')).toBe(
    '<p><a href="https://a.test/">https://a.test/</a>&quot;onclick=&quot;x https:// javascript:x</p>',
  );
});

test('whatever the HTML is, no link is left that does not lead over us, and putting the addresses back gives the same bytes', () => {
  const piece = fc.oneof(
    fc.constantFrom('<a ', '<A\n', 'href=', 'HREF = ', '"', "'", '>', '<', '/', '</a>', '</body>', '<!--', '-->', '<style>', '</style>', ' ', '=', '&amp;', '&#x68;', '<p>'),
    fc.constantFrom('https://a.test/', 'http://b.test/?x=1&y=2', 'mailto:a@b.test', '#x', 'https://go.test/u/1'),
    fc.string({ maxLength: 5 }),
  ); // prettier-ignore
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      const html = pieces.join('');
      const { links, html: out } = tracked(html);
      expect(linksOf(out, spared).every((link) => link.startsWith('https://go.test/t/c/T'))).toBe(true);
      if (links.length === 0) expect(out).toBe(html);
      else expect(out).not.toBe(html);
      // Deterministic, whenever it is composed.
      expect(tracked(html).html).toBe(out);
      const [first] = links;
      if (links.length === 1 && !first!.includes('&'))
        expect(out.replaceAll('https://go.test/t/c/T0', first!).replace(/\s/g, '')).toBe(
          html.replace(/\s/g, ''),
        );
    }),
    { numRuns: 3000 },
  );
});
