/**
 * Reads the dates that feeds hold: RFC 822 and its relatives, RFC 3339 and what comes near, `Mon Jan 2 15:04:05 2006`.
 * A date without a zone, or with one nobody knows, is taken as UTC.
 * @returns RFC 3339 in UTC, undefined when it is no date
 */
export function parseFeedDate(text: string): string | undefined {
  const trimmed = text.trim()
  const iso = ISO_DATE.exec(trimmed)?.groups
  if (iso !== undefined) return format(iso, Number(iso.month))
  const named = (DAY_FIRST.exec(trimmed) ?? MONTH_FIRST.exec(trimmed))?.groups
  if (named === undefined) return undefined
  return format(named, MONTHS.indexOf((named.month ?? '').slice(0, 3).toLowerCase()) + 1)
}

const TIME =
  '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2})(?:\\.(?<fraction>\\d{1,9}))?)?\\s*(?<half>[ap]m)?'
const ZONE = '(?<zone>z|[a-z]{2,5}|(?:gmt|utc)?[+-]\\d{2}:?\\d{2})'
const WEEKDAY = '(?:[a-z]{3,9}\\.?,?\\s+)?'
const ISO_DATE = new RegExp(
  `^(?<year>\\d{4})-(?<month>\\d{2})(?:-(?<day>\\d{2})(?:[t ]\\s*${TIME}\\s*${ZONE}?)?)?$`,
  'i',
)
const DAY_FIRST = new RegExp(
  `^${WEEKDAY}(?<day>\\d{1,2})[\\s-]+(?<month>[a-z]{3,9})\\.?,?[\\s-]+(?<year>\\d{4}|\\d{2})(?:,?\\s+${TIME}\\s*${ZONE}?)?$`,
  'i',
)
const MONTH_FIRST = new RegExp(
  `^${WEEKDAY}(?<month>[a-z]{3,9})\\.?\\s+(?<day>\\d{1,2}),?(?:\\s+${TIME}\\s*${ZONE}?,?)?\\s+(?<year>\\d{4})$`,
  'i',
)
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

// RFC 822, section 5.1; hours from UTC.
const ZONES: Readonly<Record<string, number>> = {
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
}

type Parts = Readonly<Record<string, string | undefined>>

function format(parts: Parts, month: number): string | undefined {
  const year = fullYear(parts.year ?? '')
  const day = Number(parts.day ?? 1)
  const hour = hourOf(parts)
  const minute = Number(parts.minute ?? 0)
  const second = Number(parts.second ?? 0)
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return undefined
  if (day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  const moment = Date.UTC(year, month - 1, day, hour, minute - offsetMinutes(parts.zone), second)
  const fraction = (parts.fraction ?? '').replace(/0+$/, '')
  return `${new Date(moment).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`
}

/** Two digits mean 1969 to 2068 (POSIX). */
function fullYear(digits: string): number {
  const year = Number(digits)
  return digits.length > 2 ? year : year + (year < 69 ? 2000 : 1900)
}

function hourOf(parts: Parts): number {
  const hour = Number(parts.hour ?? 0)
  if (parts.half === undefined) return hour
  return (hour % 12) + (parts.half.toLowerCase() === 'pm' ? 12 : 0)
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined) return 0
  const numeric = /([+-])(\d{2}):?(\d{2})$/.exec(zone)
  if (numeric === null) return (ZONES[zone.toLowerCase()] ?? 0) * 60
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3])
  return numeric[1] === '-' ? -minutes : minutes
}
