/** A member that stands twice in an object of JSON, of which a parser takes the last without a word (RFC 8259 4). */

/** @param json what a parser takes for JSON @returns the name of the first member that its object has already */
export function repeatedMember(json: string): string | undefined {
  // The names met in each object that is open; undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '{':
        open.push(new Set());
        isName = true;
        break;
      case '[':
        open.push(undefined);
        isName = false;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        isName = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(json, at);
        const names = open.at(-1);
        if (isName && names) {
          // However it is escaped.
          const name = String(JSON.parse(json.slice(at, end + 1)));
          if (names.has(name)) return name;
          names.add(name);
        }
        isName = false;
        at = end;
      }
    }
  }
  return undefined;
}

/** The index of the quotation mark that closes what begins at `start`. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end < 0 ? json.length : end;
}

function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}
