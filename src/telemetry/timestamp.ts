/** What stands between the parts of a time, as the log formats want it. */
export interface StampStyle {
  /** Between year, month and day. */
  readonly dateSeparator: '/' | '-'
  /** Between the date and the time of day. */
  readonly between: string
}

/**
 * Makes a function that turns milliseconds since 1970 into local time, to the second. A gateway writes thousands of
 * lines in a second, so the text of the last second is kept and no Date is made for each.
 */
export function createStamp(style: StampStyle): (nowMs: number) => string {
  let second = Number.NaN
  let text = ''
  return (nowMs) => {
    const current = Math.floor(nowMs / 1000)
    if (current !== second) {
      second = current
      text = formatSecond(new Date(nowMs), style)
    }
    return text
  }
}

/** The milliseconds within the second, three digits. */
export function millisecondDigits(nowMs: number): string {
  const within = nowMs % 1000
  return within < 10 ? `00${within}` : within < 100 ? `0${within}` : `${within}`
}

function formatSecond(date: Date, { dateSeparator, between }: StampStyle): string {
  const day = [`${date.getFullYear()}`, twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join(dateSeparator)
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  return `${day}${between}${time}`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
