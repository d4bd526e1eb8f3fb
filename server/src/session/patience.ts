// Waiting that has an end: for work, but never longer than so many milliseconds.
import type { Runtime } from "../runtime.ts";

/** What the work comes to; undefined where that takes longer. The work goes on. Throws what the work throws in time. */
export async function within<Answer>(
  runtime: Pick<Runtime, "schedule">,
  milliseconds: number,
  work: Promise<Answer>,
): Promise<Answer | undefined> {
  let stop: () => void = () => {};
  const late = new Promise<undefined>((resolve) => {
    stop = runtime.schedule(milliseconds, () => resolve(undefined));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop();
  }
}
