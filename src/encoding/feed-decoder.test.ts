import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DataValue } from '../pipes/proxy.ts'
import { DecodeError } from './decode-error.ts'
import { decodeFeed } from './feed-decoder.ts'

const NAMESPACES =
  'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"'

const rss = (channel: string) =>
  decodeFeed(Buffer.from(`<rss version="2.0" ${NAMESPACES}><channel>${channel}</channel></rss>`))
const atom = (feed: string) =>
  decodeFeed(Buffer.from(`<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ca">${feed}</feed>`))

function onlyItem(data: { items?: DataValue }): DataValue | undefined {
  return Array.isArray(data.items) && data.items.length === 1 ? data.items[0] : undefined
}

test('an RSS 2.0 feed', () => {
  const body =
    '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>http://n.example/</link><description>Desc</description><language>en</language><item><title>First</title><link>http://n.example/1</link><description>D1</description><guid>g1</guid><pubDate>Mon, 02 Jan 2023 15:04:05 GMT</pubDate><category>c1</category></item><item><title>Second</title></item></channel></rss>'
  assert.deepEqual(decodeFeed(Buffer.from(body)), {
    author: null,
    categories: null,
    copyright: '',
    custom: null,
    description: 'Desc',
    items: [
      {
        title: 'First',
        description: 'D1',
        link: 'http://n.example/1',
        links: ['http://n.example/1'],
        published: 'Mon, 02 Jan 2023 15:04:05 GMT',
        publishedParsed: '2023-01-02T15:04:05Z',
        guid: 'g1',
        categories: ['c1'],
      },
      { title: 'Second' },
    ],
    language: 'en',
    published: '',
    title: 'News',
    type: 'rss',
    updated: '',
  })
})

test('the other fields of a channel', () => {
  const feed = rss(
    '<title>T</title><copyright>me</copyright><managingEditor>ed@x.example (Ed Itor)</managingEditor><pubDate>P</pubDate><lastBuildDate>U</lastBuildDate><category>a</category><category>b</category><image><url>http://x/i.png</url><title>not this one</title></image><itunes:keywords>k1,k2</itunes:keywords><itunes:category text="Arts"/>',
  )
  assert.deepEqual(feed, {
    title: 'T',
    description: '',
    type: 'rss',
    language: '',
    copyright: 'me',
    published: 'P',
    updated: 'U',
    author: { name: 'Ed Itor', email: 'ed@x.example' },
    categories: ['a', 'b', 'k1', 'k2', 'Arts'],
    custom: null,
    items: [],
    img_url: 'http://x/i.png',
  })
})

test('an item with content, enclosures, extensions and fields of its own', () => {
  const item = onlyItem(
    rss(
      '<item><content:encoded><![CDATA[<p>x</p>]]></content:encoded><author>a@x.example</author><enclosure url="u" length="7" type="audio/mpeg"/><dc:date>2023-01-02</dc:date><dc:subject>s</dc:subject><itunes:duration>1:00</itunes:duration><itunes:image href="i.png"/><media:content url="m"><media:title>mt</media:title></media:content><rank>5</rank></item>',
    ),
  )
  assert.deepEqual(item, {
    content: '<p>x</p>',
    updated: '2023-01-02',
    updatedParsed: '2023-01-02T00:00:00Z',
    published: '2023-01-02',
    publishedParsed: '2023-01-02T00:00:00Z',
    author: { email: 'a@x.example' },
    authors: [{ email: 'a@x.example' }],
    image: { url: 'i.png' },
    categories: ['s'],
    enclosures: [{ url: 'u', length: '7', type: 'audio/mpeg' }],
    dcExt: { subject: ['s'], date: ['2023-01-02'] },
    itunesExt: { duration: '1:00', image: 'i.png' },
    extensions: {
      dc: {
        date: [{ name: 'date', value: '2023-01-02', attrs: {}, children: {} }],
        subject: [{ name: 'subject', value: 's', attrs: {}, children: {} }],
      },
      itunes: {
        duration: [{ name: 'duration', value: '1:00', attrs: {}, children: {} }],
        image: [{ name: 'image', value: '', attrs: { href: 'i.png' }, children: {} }],
      },
      media: {
        content: [
          {
            name: 'content',
            value: '',
            attrs: { url: 'm' },
            children: { title: [{ name: 'title', value: 'mt', attrs: {}, children: {} }] },
          },
        ],
      },
    },
    custom: { rank: '5' },
  })
})

test('an RSS 1.0 feed has its items beside the channel', () => {
  const feed = decodeFeed(
    Buffer.from(
      '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/"><channel rdf:about="u"><title>T</title><d:rights>R</d:rights></channel><image><url>i</url></image><item rdf:about="v"><title>I</title><d:creator>Me</d:creator></item></rdf:RDF>',
    ),
  )
  assert.equal(feed.title, 'T')
  assert.equal(feed.type, 'rss')
  assert.equal(feed.copyright, 'R')
  assert.equal(feed.img_url, 'i')
  assert.deepEqual(onlyItem(feed), {
    title: 'I',
    author: { name: 'Me' },
    authors: [{ name: 'Me' }],
    dcExt: { creator: ['Me'] },
    extensions: { dc: { creator: [{ name: 'creator', value: 'Me', attrs: {}, children: {} }] } },
  })
})

test('an Atom feed', () => {
  const feed = atom(
    '<title>T</title><subtitle>S</subtitle><updated>2023-01-02T15:04:05Z</updated><rights>R</rights><logo>l.png</logo><author><name>A</name><email>a@x</email></author><category term="t" label="L"/><category term="u"/><entry><title type="html">&lt;b&gt;E&lt;/b&gt;</title><id>1</id><link href="h"/><link rel="self" href="s"/><link rel="enclosure" href="e" length="3" type="t"/><updated>2023-01-02T15:04:05+01:00</updated><summary>sum</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a &amp; <b>c</b></div></content></entry>',
  )
  assert.deepEqual(feed, {
    title: 'T',
    description: 'S',
    type: 'atom',
    language: 'ca',
    copyright: 'R',
    published: '',
    updated: '2023-01-02T15:04:05Z',
    author: { name: 'A', email: 'a@x' },
    categories: ['L', 'u'],
    custom: null,
    img_url: 'l.png',
    items: [
      {
        title: '<b>E</b>',
        description: 'sum',
        content: '<div xmlns="http://www.w3.org/1999/xhtml">a &amp; <b>c</b></div>',
        link: 'h',
        links: ['h', 's'],
        updated: '2023-01-02T15:04:05+01:00',
        updatedParsed: '2023-01-02T14:04:05Z',
        published: '2023-01-02T15:04:05+01:00',
        publishedParsed: '2023-01-02T14:04:05Z',
        guid: '1',
        enclosures: [{ url: 'e', length: '3', type: 't' }],
      },
    ],
  })
})

test('the same Atom elements with a prefix', () => {
  const body =
    '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry><a:id>1</a:id></a:entry></a:feed>'
  const feed = decodeFeed(Buffer.from(body))
  assert.equal(feed.title, 'T')
  assert.deepEqual(onlyItem(feed), { guid: '1' })
})

test('entities of HTML are known in feeds', () => {
  assert.equal(rss('<title>caf&eacute;&nbsp;&mdash; &yuml;&iexcl;</title>').title, 'café\u00a0— ÿ¡')
})

test('names that JavaScript knows are data', () => {
  const item = onlyItem(
    rss('<item><__proto__>x</__proto__><__proto__:constructor><__proto__/></__proto__:constructor></item>'),
  )
  assert.equal(
    JSON.stringify(item),
    '{"extensions":{"__proto__":{"constructor":[{"name":"constructor","value":"","attrs":{},"children":{"__proto__":[{"name":"__proto__","value":"","attrs":{},"children":{}}]}}]}},"custom":{"__proto__":"x"}}',
  )
})

for (const body of ['<html><body>no feed</body></html>', '<a/>', 'text', '', '{"version":"x"}', '<rss><channel>']) {
  test(`${body || 'an empty body'} is no feed`, () => assert.throws(() => decodeFeed(Buffer.from(body)), DecodeError))
}
