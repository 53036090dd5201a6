import type { XmlElement } from '@rgrove/parse-xml'
import type { DataObject } from '../pipes/proxy.ts'
import { parseFeedDate } from './feed-date.ts'
import { FeedElement, Namespaces, textOf, withoutEmpty } from './feed-elements.ts'

/** The data of an Atom document, 1.0 (RFC 4287) or 0.3 (specification: core 5.1). */
export function atomFeed(root: XmlElement): DataObject {
  const namespaces = new Namespaces(root, ATOM_NAMESPACES)
  const feed = new FeedElement(root, namespaces)
  const categories = categoriesOf(feed)
  const data: DataObject = {
    title: feed.text('title'),
    description: feed.text('subtitle', 'tagline'),
    type: 'atom',
    language: root.attributes['xml:lang'] ?? '',
    copyright: feed.text('rights', 'copyright'),
    published: '',
    updated: feed.text('updated', 'modified'),
    author: personsOf(feed, namespaces)[0] ?? null,
    categories: categories.length === 0 ? null : categories,
    custom: null,
    items: feed.all('entry').map((entry) => atomItem(new FeedElement(entry, namespaces), namespaces)),
  }
  const image = feed.text('logo', 'icon')
  if (image !== '') data.img_url = image
  return data
}

const ATOM_NAMESPACES = ['http://www.w3.org/2005/Atom', 'http://purl.org/atom/ns#']

function atomItem(entry: FeedElement, namespaces: Namespaces): DataObject {
  const links = entry.all('link').map(linkOf)
  const updated = entry.text('updated', 'modified')
  const published = entry.text('published', 'issued') || updated
  const authors = personsOf(entry, namespaces)
  return withoutEmpty({
    title: entry.text('title'),
    description: entry.text('summary'),
    content: entry.text('content'),
    link: links.find((link) => link.rel === 'alternate')?.href,
    links: links.filter((link) => link.rel === 'alternate' || link.rel === 'self').map((link) => link.href),
    updated,
    updatedParsed: parseFeedDate(updated),
    published,
    publishedParsed: parseFeedDate(published),
    author: authors[0] === undefined ? undefined : { ...authors[0] },
    authors,
    guid: entry.text('id'),
    categories: categoriesOf(entry),
    enclosures: links
      .filter((link) => link.rel === 'enclosure')
      .map((link) => withoutEmpty({ url: link.href, length: link.length, type: link.type })),
    extensions: Object.keys(entry.extensions).length === 0 ? undefined : entry.extensions,
  })
}

interface Link {
  readonly rel: string
  readonly href: string
  readonly length: string | undefined
  readonly type: string | undefined
}

/** A link without `rel` is an alternate one (RFC 4287, section 4.2.7.2). */
function linkOf({ attributes }: XmlElement): Link {
  const { rel, href, length, type } = attributes
  return { rel: rel || 'alternate', href: href ?? '', length, type }
}

function personsOf(element: FeedElement, namespaces: Namespaces): DataObject[] {
  return element.all('author').map((author) => {
    const person = new FeedElement(author, namespaces)
    return withoutEmpty({ name: person.text('name'), email: person.text('email') })
  })
}

function categoriesOf(element: FeedElement): string[] {
  return element
    .all('category')
    .map((category) => category.attributes.label || (category.attributes.term ?? textOf(category)))
}
