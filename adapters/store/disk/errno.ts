import { Fault, type FaultCode } from '../../../core/fault.ts';

/** What the file system says, in the words of the store. What is not here is `store-down`. */
const codes: Partial<Record<string, FaultCode>> = {
  ENOSPC: 'store-full',
  EDQUOT: 'store-full',
  EFBIG: 'store-full',
  ENOENT: 'not-found',
  // A link where none of ours may be: there is no object.
  ELOOP: 'not-found',
  ENOTDIR: 'not-a-folder',
  EISDIR: 'is-a-folder',
  EEXIST: 'exists',
  ENOTEMPTY: 'not-empty',
  ENAMETOOLONG: 'name-too-long',
};

const errnoOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && 'syscall' in thrown ? String(thrown.code) : undefined;

export const isErrno = (thrown: unknown, ...names: string[]): boolean => {
  const errno = errnoOf(thrown);
  return errno !== undefined && names.includes(errno);
};

/** The errno as a Fault with the system's error as its cause; anything else as it is. */
export const asFault = (thrown: unknown): unknown => {
  const errno = errnoOf(thrown);
  return errno === undefined ? thrown : new Fault(codes[errno] ?? 'store-down', undefined, { cause: thrown });
};

/** The answer, or undefined when the file system says that there is no such thing. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return undefined;
    throw thrown;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: methods of every shape pass through unchanged
type Method = (...args: any[]) => any;

/** The same methods, throwing Faults for what the file system says. Those that stream do so as they are read. */
export function faulted<Port extends { [name in keyof Port]: Method }>(port: Port): Port {
  const wrap = (method: Method): Method =>
    function (this: Port, ...args) {
      const answer: unknown = method.apply(this, args);
      return answer instanceof Promise
        ? answer.catch(rethrow)
        : faultedStream(answer as AsyncIterable<unknown>);
    };
  return Object.fromEntries(
    Object.entries<Method>(port).map(([name, method]) => [name, wrap(method)]),
  ) as Port;
}

async function* faultedStream<T>(stream: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (thrown) {
    throw asFault(thrown);
  }
}

const rethrow = (thrown: unknown): never => {
  throw asFault(thrown);
};
