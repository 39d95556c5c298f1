/**
 * JSON in printable ASCII: everything else is a \u escape, so that a name with any character, a lone surrogate or a
 * control code included, passes channels that take only some of them.
 */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
