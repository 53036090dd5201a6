import type { DataObject } from '../pipes/proxy.ts'
import { DecodeError } from './decode-error.ts'
import { atomFeed } from './feed-atom.ts'
import { rssFeed } from './feed-rss.ts'
import { localName, parseXmlDocument } from './xml-document.ts'

/**
 * Decodes an RSS or Atom document into the fields of a feed (specification: core 5.1). Items hold only what is there.
 * @throws DecodeError when it is no feed
 */
export function decodeFeed(body: Buffer): DataObject {
  const root = parseXmlDocument(body, { encoding: 'rss', resolveEntity: resolveHtmlEntity })
  switch (localName(root.name).toLowerCase()) {
    case 'rss':
    case 'rdf':
      return rssFeed(root)
    case 'feed':
      return atomFeed(root)
    default:
      throw new DecodeError('rss', `the root element is <${root.name}>, which is neither an RSS nor an Atom feed`)
  }
}

// Feeds use the entities of HTML though XML does not define them. The first ones follow each other from U+00A0 on.
const LATIN_ENTITIES =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml'
const HTML_ENTITIES = new Map<string, string>([
  ...LATIN_ENTITIES.split(' ').map((name, index): [string, string] => [name, String.fromCharCode(0xa0 + index)]),
  ['ndash', '–'],
  ['mdash', '—'],
  ['lsquo', '‘'],
  ['rsquo', '’'],
  ['sbquo', '‚'],
  ['ldquo', '“'],
  ['rdquo', '”'],
  ['bdquo', '„'],
  ['hellip', '…'],
  ['bull', '•'],
  ['euro', '€'],
  ['trade', '™'],
  ['lsaquo', '‹'],
  ['rsaquo', '›'],
  ['larr', '←'],
  ['rarr', '→'],
  ['ensp', '\u2002'],
  ['emsp', '\u2003'],
  ['thinsp', '\u2009'],
  ['zwnj', '\u200c'],
  ['zwj', '\u200d'],
  ['OElig', 'Œ'],
  ['oelig', 'œ'],
  ['Scaron', 'Š'],
  ['scaron', 'š'],
  ['Yuml', 'Ÿ'],
  ['fnof', 'ƒ'],
  ['dagger', '†'],
  ['permil', '‰'],
  ['minus', '−'],
])

function resolveHtmlEntity(entity: string): string | undefined {
  return HTML_ENTITIES.get(entity.slice(1, -1))
}
