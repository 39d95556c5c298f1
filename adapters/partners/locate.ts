import { type Document, isAlias, isMap, isNode, isScalar, type LineCounter, type Node } from 'yaml';

/** Where a field stands in a YAML document. */

type Path = readonly PropertyKey[];

/** The deepest node along the path that is there: a field that is missing is looked for in what should hold it. */
function deepestNode(document: Document, path: Path): { node: Node | null; found: boolean } {
  let node = document.contents as Node | null;
  for (const segment of path) {
    const holder = isAlias(node) ? node.resolve(document) : node;
    const next = isMap(holder)
      ? holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))?.value
      : holder && 'items' in holder
        ? holder.items[Number(segment)]
        : undefined;
    if (!isNode(next)) return { node, found: false };
    node = next;
  }
  return { node, found: true };
}

/** The offset of the key itself, for keys that should not be there. */
export function keyOffset(document: Document, path: Path, name: string): number | undefined {
  const { node } = deepestNode(document, path);
  const holder = isAlias(node) ? node.resolve(document) : node;
  if (!isMap(holder)) return undefined;
  const key = holder.items.find((item) => isScalar(item.key) && String(item.key.value) === name)?.key;
  return isNode(key) ? key.range?.[0] : undefined;
}

export const offsetOf = (document: Document, path: Path): number =>
  deepestNode(document, path).node?.range?.[0] ?? 0;

export const isThere = (document: Document, path: Path): boolean => deepestNode(document, path).found;

/** The text of a plain value, for a message; undefined for maps, lists and what is not there. */
export function scalarAt(document: Document, path: Path): string | undefined {
  const { node, found } = deepestNode(document, path);
  const plain = isAlias(node) ? node.resolve(document) : node;
  return found && isScalar(plain) ? JSON.stringify(plain.value) : undefined;
}

export function placeAt(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** `feeds[0].deliver[1].to` */
export const fieldName = (path: Path): string =>
  path.reduce<string>(
    (text, segment) =>
      typeof segment === 'number' ? `${text}[${segment}]` : `${text}${text && '.'}${String(segment)}`,
    '',
  );
