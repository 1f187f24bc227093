// How one logs in: as a person over the hub's own log-in page (authorization code with PKCE), or as
// an application by id and secret. Tokens are handed on and never stored; between leaving for the
// log-in page and coming back, only the verifier and the state stand in this tab's session storage.
const HubLogin = (() => {
  "use strict";

  const CLIENT = "console";
  const PENDING = "vitalhub-login";
  const METADATA = "/.well-known/oauth-authorization-server";
  const REFUSED = {
    invalid_client: "客户端编号或密钥不正确。The client id or secret is wrong.",
    invalid_grant: "登录已失效，请重新登录。The log-in has ended; log in again.",
  };

  const base64url = (bytes) => btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
  const challengeOf = async (verifier) => base64url(new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));

  const ask = async (address, fields, headers = {}) => {
    const reply = await fetch(address, {
      method: "POST",
      credentials: "omit", // else the browser answers a refusal with its own password dialog
      headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(fields),
    });
    const body = await reply.json();
    if (!reply.ok) throw new Error(REFUSED[body.error]
      || `${body.error_description_zh || ""}${body.error_description || body.error}`);
    return body;
  };

  const asApplication = (client, secret) => {
    const pair = `${encodeURIComponent(client)}:${encodeURIComponent(secret)}`;
    return ask("/oauth/token", { grant_type: "client_credentials" },
      { Authorization: `Basic ${btoa(pair)}` });
  };

  // Leaves this page; the log-in page sends the browser back here with a code.
  const asPerson = async () => {
    const known = await (await fetch(METADATA)).json();
    const home = new URL(known.issuer);
    if (location.origin !== home.origin) { // localhost and 127.0.0.1 are two places to a browser
      location.assign(`${home.origin}/graphql#login`);
      return;
    }
    const verifier = random();
    const state = random();
    sessionStorage.setItem(PENDING, JSON.stringify({ verifier, state, issuer: known.issuer }));
    location.assign(`${known.authorization_endpoint}?${new URLSearchParams({
      response_type: "code",
      client_id: CLIENT,
      redirect_uri: `${known.issuer}/graphql`,
      state,
      code_challenge: await challengeOf(verifier),
      code_challenge_method: "S256",
    })}`);
  };

  // The tokens, where the browser has just come back from the log-in page; null where it has not.
  const returned = async () => {
    const answer = new URLSearchParams(location.search);
    if (!answer.has("state") && !answer.has("error")) return null;
    const pending = JSON.parse(sessionStorage.getItem(PENDING) || "null");
    sessionStorage.removeItem(PENDING);
    history.replaceState(null, "", location.pathname); // neither history nor a reload has the code
    if (!pending || answer.get("state") !== pending.state || answer.get("iss") !== pending.issuer) {
      throw new Error("登录没有从本页开始，请重新登录。This log-in did not begin here; log in again.");
    }
    if (answer.has("error")) throw new Error(`登录未完成。The log-in failed: ${answer.get("error")}`);
    return ask("/oauth/token", {
      grant_type: "authorization_code",
      client_id: CLIENT,
      redirect_uri: `${pending.issuer}/graphql`,
      code: answer.get("code"),
      code_verifier: pending.verifier,
    });
  };

  const renew = (refresh) => ask("/oauth/token",
    { grant_type: "refresh_token", client_id: CLIENT, refresh_token: refresh });

  const revoke = (refresh) => ask("/oauth/revoke", { client_id: CLIENT, token: refresh })
    .catch(() => {}); // the tab forgets it all the same

  return { asApplication, asPerson, returned, renew, revoke };
})();
