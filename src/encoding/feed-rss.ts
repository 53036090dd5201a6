import type { XmlElement } from '@rgrove/parse-xml'
import type { DataObject, DataValue } from '../pipes/proxy.ts'
import { parseFeedDate } from './feed-date.ts'
import { FeedElement, Namespaces, personOf, textOf, withoutEmpty } from './feed-elements.ts'
import { dublinCoreOf, extensionAttributes, extensionText, extensionTexts, itunesOf } from './feed-extensions.ts'
import { setMember } from './set-member.ts'
import { localName } from './xml-document.ts'

/** The data of an RSS 0.9 to 2.0 document, RDF included (specification: core 5.1). */
export function rssFeed(root: XmlElement): DataObject {
  const namespaces = new Namespaces(root, RSS_NAMESPACES)
  const outer = new FeedElement(root, namespaces)
  const channelElement = outer.all('channel').at(-1)
  const channel = channelElement === undefined ? outer : new FeedElement(channelElement, namespaces)
  // RSS 1.0 has items and image beside the channel, 2.0 inside it.
  const items = channel === outer ? outer.all('item') : [...channel.all('item'), ...outer.all('item')]
  const { extensions } = channel
  const feed: DataObject = {
    title: channel.text('title') || extensionText(extensions, 'dc', 'title'),
    description: channel.text('description') || extensionText(extensions, 'itunes', 'summary'),
    type: 'rss',
    language: channel.text('language') || extensionText(extensions, 'dc', 'language'),
    copyright: channel.text('copyright') || extensionText(extensions, 'dc', 'rights'),
    published: channel.text('pubdate'),
    updated: channel.text('lastbuilddate') || extensionText(extensions, 'dc', 'date'),
    author: authorOf(channel.text('managingeditor', 'webmaster'), extensions) ?? null,
    categories: orNull([...categoriesOf(channel), ...extensionAttributes(extensions, 'itunes', 'category', 'text')]),
    custom: null,
    items: items.map((item) => rssItem(new FeedElement(item, namespaces))),
  }
  const image = outer.all('image').at(-1) ?? channel.all('image').at(-1)
  const imageUrl = image === undefined ? undefined : new FeedElement(image, namespaces).text('url')
  const podcastImage = extensionAttributes(extensions, 'itunes', 'image', 'href')[0]
  if (imageUrl !== undefined || podcastImage !== undefined) feed.img_url = imageUrl ?? podcastImage ?? ''
  return feed
}

const RSS_NAMESPACES = [
  'http://purl.org/rss/1.0/',
  'http://my.netscape.com/rdf/simple/0.9/',
  'http://channel.netscape.com/rdf/simple/0.9/',
  'http://backend.userland.com/rss2',
]

function rssItem(item: FeedElement): DataObject {
  const { extensions } = item
  const published = item.text('pubdate') || extensionText(extensions, 'dc', 'date')
  const updated = extensionText(extensions, 'dc', 'date')
  const author = authorOf(item.text('author'), extensions)
  const image = extensionAttributes(extensions, 'itunes', 'image', 'href')[0]
  return withoutEmpty({
    title: item.text('title') || extensionText(extensions, 'dc', 'title'),
    description: item.text('description') || extensionText(extensions, 'dc', 'description'),
    content: item.text('content:encoded', 'content'),
    link: item.text('link'),
    links: item.all('link').map(textOf),
    updated,
    updatedParsed: parseFeedDate(updated),
    published,
    publishedParsed: parseFeedDate(published),
    author,
    authors: author === undefined ? undefined : [{ ...author }],
    guid: item.text('guid'),
    image: image === undefined ? undefined : withoutEmpty({ url: image }),
    categories: categoriesOf(item),
    enclosures: item.all('enclosure').map(enclosureOf),
    dcExt: dublinCoreOf(extensions),
    itunesExt: itunesOf(extensions),
    extensions: Object.keys(extensions).length === 0 ? undefined : extensions,
    custom: customOf(item),
  })
}

function enclosureOf({ attributes }: XmlElement): DataObject {
  return withoutEmpty({ url: attributes.url, length: attributes.length, type: attributes.type })
}

function categoriesOf(element: FeedElement): string[] {
  const keywords = extensionText(element.extensions, 'itunes', 'keywords')
  return [
    ...element.all('category').map(textOf),
    ...(keywords === '' ? [] : keywords.split(',')),
    ...extensionTexts(element.extensions, 'dc', 'subject'),
  ]
}

function authorOf(text: string, extensions: DataObject): DataObject | undefined {
  const author =
    text ||
    extensionText(extensions, 'dc', 'author') ||
    extensionText(extensions, 'dc', 'creator') ||
    extensionText(extensions, 'itunes', 'author')
  return author === '' ? undefined : personOf(author)
}

const ITEM_ELEMENTS = new Set([
  'title',
  'description',
  'content',
  'link',
  'author',
  'comments',
  'pubdate',
  'source',
  'enclosure',
  'guid',
  'category',
  'image',
])

/** Elements that RSS does not know, by name. */
function customOf(item: FeedElement): DataObject | undefined {
  const custom: DataObject = {}
  for (const name of item.names()) {
    if (ITEM_ELEMENTS.has(name) || name.startsWith('content:')) continue
    const element = item.all(name).at(-1)
    if (element !== undefined) setMember(custom, localName(element.name), textOf(element))
  }
  return Object.keys(custom).length === 0 ? undefined : custom
}

function orNull(list: string[]): DataValue {
  return list.length === 0 ? null : list
}
