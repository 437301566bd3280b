import { DataError } from "../errors.ts";

/** One record of a CSV text. */
export interface CsvRecord {
  /** Line on which it begins, from 1: a quoted value may have line breaks. */
  readonly line: number;
  readonly values: readonly string[];
}

const QUOTE = '"';
const QUOTE_CODE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function refuse(line: number, what: string): never {
  throw new DataError("CSV_SYNTAX", `Line ${line}: ${what}`);
}

/**
 * Reads CSV after RFC 4180: records end with CR LF, LF or CR; a value in quotes may hold separators, line breaks and doubled quotes. Blank
 * lines at the end are dropped; values are kept as they stand.
 * @param separator one character, not a quote or a line break
 * @throws DataError CSV_SYNTAX with the line's number
 */
export function parseCsv(text: string, separator = ","): readonly CsvRecord[] {
  if (separator.length !== 1 || separator === QUOTE || separator === "\n" || separator === "\r") {
    throw new DataError(
      "CSV_SYNTAX",
      `The separator is ${JSON.stringify(separator)}: use one character, such as , or ; or a tab`,
    );
  }
  const scanner = new CsvScanner(text, separator);
  const records: CsvRecord[] = [];
  while (!scanner.ended) records.push(scanner.record());
  while (isBlank(records.at(-1))) records.pop();
  return records;
}

function isBlank(record: CsvRecord | undefined): boolean {
  return record !== undefined && record.values.length === 1 && record.values[0] === "";
}

class CsvScanner {
  private readonly text: string;
  private readonly separator: string;
  private readonly separatorCode: number;
  /** Next character. */
  private at = 0;
  private line = 1;

  constructor(text: string, separator: string) {
    this.text = text;
    this.separator = separator;
    this.separatorCode = separator.charCodeAt(0);
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  record(): CsvRecord {
    const line = this.line;
    const values = [this.value()];
    while (this.text[this.at] === this.separator) {
      this.at += 1;
      values.push(this.value());
    }
    this.endOfLine();
    return { line, values };
  }

  private value(): string {
    return this.text[this.at] === QUOTE ? this.quoted() : this.plain();
  }

  private plain(): string {
    const start = this.at;
    const { text, separatorCode } = this;
    let at = start;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === separatorCode || code === LINE_FEED || code === CARRIAGE_RETURN) break;
      if (code === QUOTE_CODE) {
        refuse(this.line, "a quote stands inside a value: put the whole value into quotes, and double those in it");
      }
    }
    this.at = at;
    return text.slice(start, at);
  }

  private quoted(): string {
    const opened = this.line;
    let value = "";
    for (;;) {
      const end = this.text.indexOf(QUOTE, this.at + 1);
      if (end < 0)
        refuse(opened, "a quote is opened and never closed: close it, or double it if it belongs to the value");
      const part = this.text.slice(this.at + 1, end);
      value += part;
      this.line += part.match(/\r\n|\n|\r/g)?.length ?? 0;
      this.at = end + 1;
      if (this.text[this.at] !== QUOTE) break;
      value += QUOTE;
    }
    const next = this.text[this.at];
    if (next !== undefined && next !== this.separator && next !== "\n" && next !== "\r") {
      refuse(this.line, `${JSON.stringify(next)} follows a closing quote: only a separator or the end of the line may`);
    }
    return value;
  }

  private endOfLine(): void {
    this.at += this.text.startsWith("\r\n", this.at) ? 2 : 1;
    this.line += 1;
  }
}
