/** The names in the output of each kind of listing. */
const lines = (output: string): string[] => output.split(/\r?\n/).filter((line) => line !== '');

export const namesInNlst = (output: string): string[] =>
  lines(output).map((line) => line.slice(line.lastIndexOf('/') + 1));

/** `-rw-r--r-- 1 ftp ftp         5120 Nov 25 16:36 po.x12`: the name begins after one space, and may begin with more. */
export const namesInList = (output: string): string[] =>
  lines(output).flatMap((line) => {
    const match = /^-[rwx-]{9} +\d+ +\S+ +\S+ +\d+ +\w{3} +\d+ +(?:\d\d:\d\d|\d{4}) (.*)$/.exec(line);
    return match ? [match[1]!] : [];
  });

export const namesInMlsd = (output: string): string[] =>
  lines(output).flatMap((line) => {
    const match = /^\s*\S*type=file;\S* (.*)$/i.exec(line);
    return match ? [match[1]!] : [];
  });
