// The operations that share nearly all of their code, as one module: a process that loads few files starts sooner.
export { check } from "./check.ts";
export { environment } from "./environment.ts";
export { facts } from "./facts.ts";
export { fix } from "./fix.ts";
export { list } from "./list.ts";
export { names } from "./names.ts";
