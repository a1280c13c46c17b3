// The extension's own sentences, from _locales; the findings' sentences come from the server.

import { browser } from 'wxt/browser';
/** A message of _locales/<language>/messages.json; its key when the language has none, so that a gap is seen. */
export function t(key: string, ...values: (string | number)[]): string {
  const said = browser.i18n.getMessage(key as Parameters<typeof browser.i18n.getMessage>[0], values.map(String));
  return said === '' ? key : said;
}

/** The name of an element of an authorization, as staff say it. */
export function fieldName(field: string): string {
  const said = browser.i18n.getMessage(`field_${field}` as Parameters<typeof browser.i18n.getMessage>[0]);
  return said === '' ? field.replaceAll('_', ' ') : said;
}

/** A determination in the reader's language; the payer's own word stands beside it where there is one. */
export function determinationName(determination: string): string {
  return t(`determination_${determination}`);
}

/** A moment as the reader writes it: day and time. */
export function localMoment(moment: string | number): string {
  return new Date(moment).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}

/** `2026-03-01` -> the reader's own short form; anything else as it stands. */
export function localDate(iso: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso);
  if (!match) return iso;
  const [, year, month, day] = match;
  return new Date(Number(year), Number(month) - 1, Number(day)).toLocaleDateString(undefined, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
}

/** How long ago a time was, in words: "2 hours ago". */
export function ago(iso: string, now = Date.now()): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const format = new Intl.RelativeTimeFormat(browser.i18n.getUILanguage(), { numeric: 'auto' });
  const [unit, size] = ([
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const).find(([, length]) => Math.abs(seconds) >= length) ?? (['second', 1] as const);
  return format.format(Math.round(seconds / size), unit);
}

/** Whole days from today until an ISO date, the date itself included as 0; negative when it is past. */
export function daysUntil(iso: string, now = new Date()): number {
  const [year = 0, month = 1, day = 1] = iso.split('-').map(Number);
  return Math.round((Date.UTC(year, month - 1, day) - Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())) / 86_400_000);
}
