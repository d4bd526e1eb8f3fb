// Hands an answer to a stream.

/** Writes all of a text to a stream and waits until it is handed over; a reader that has gone away is no error. */
export function writeAll(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((settle, reject) => {
    stream.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") reject(error);
      else settle();
    });
  });
}
