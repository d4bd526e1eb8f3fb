// The `policy` of `.thoth.yaml`: what a stack must fulfil.
import * as z from "zod";

export const policy = z.strictObject({});
export type Policy = z.infer<typeof policy>;
