/**
 * Splits a stream of bytes into lines. A line feed is looked for among bytes and a line is decoded as a whole, so a
 * character that lies across two chunks is never torn.
 */

const LINE_FEED = 0x0a;

/**
 * Yields each line without its line feed; empty ones are skipped. What follows the last line feed is not yielded: it
 * is half a line of a stream that was cut, and a watch that resumes gets it again.
 * @param options.onChunk called for each chunk that arrives
 * @param options.maxLineBytes a longer line ends the stream with `options.tooLong()`
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly maxLineBytes: number; readonly onChunk: () => void; readonly tooLong: () => Error },
): AsyncGenerator<string, void, undefined> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    options.onChunk();
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      pending.push(chunk.subarray(start, end));
      pendingBytes += end - start;
      if (pendingBytes > options.maxLineBytes) throw options.tooLong();
      const line = Buffer.concat(pending, pendingBytes).toString('utf8');
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > options.maxLineBytes) throw options.tooLong();
  }
}
