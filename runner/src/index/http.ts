// The parts of undici that a request needs, gathered in one module, so that they are loaded together and from one file.
export { default as request } from "undici/lib/api/api-request.js";
export { default as Agent } from "undici/lib/dispatcher/agent.js";
export { default as redirect } from "undici/lib/interceptor/redirect.js";
export { default as retry } from "undici/lib/interceptor/retry.js";

/** What asks through a proxy, loaded where one is set. */
export async function loadProxyAgent() {
  const [{ default: agent }, { default: dispatcher }, { default: connect }] = await Promise.all([
    import("undici/lib/dispatcher/env-http-proxy-agent.js"),
    import("undici/lib/dispatcher/dispatcher.js"),
    import("undici/lib/api/api-connect.js"),
  ]);
  // undici's front gives every dispatcher its methods: a tunnel through a proxy asks for this one.
  Object.assign(dispatcher.prototype, { connect });
  return agent;
}
