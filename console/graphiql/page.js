// Log in, keep the tokens in this closure, load GraphiQL and hand it a fetcher that carries them.
(() => {
  "use strict";

  const EXAMPLE = `# 这里只显示您获授权的数据。按 Ctrl-空格 补全，左上角书本图标查看字段说明。
# Only what you were granted exists here. Ctrl-Space completes; the book icon shows the fields.
# 有多种用途时，在下方 Headers 中写明其一。With several purposes, state one under Headers:
# {"X-Vitalhub-Purpose": "防汛避险"}
{
  me {
    clientId
    organisationName
    roles
    dataSets
    interfaces
    purposes
    tokenExpires
  }
}
`;
  const AHEAD = 60; // seconds before its end that a token is renewed
  const at = (id) => document.getElementById(id);
  let held = null;
  let root = null;
  let timer = null;

  // What GraphiQL would write to the browser's storage (queries, history) stays in memory, too.
  const memory = () => {
    const kept = new Map();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
      removeItem: (key) => kept.delete(key),
      clear: () => kept.clear(),
      get length() { return kept.size; },
    };
  };

  // The editor comes after the log-in: who has no client gets no more than a form.
  const added = (tag, attributes) => new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.onload = resolve;
    element.onerror = () => reject(new Error("查询台未能加载，请刷新页面。The editor could not be loaded; reload the page."));
    document.head.append(element);
  });
  let editor = null;
  const loadEditor = () => {
    editor ??= (async () => {
      await added("link", { rel: "stylesheet", href: "/console/vendor/graphiql.min.css" });
      for (const name of ["react", "react-dom"]) {
        await added("script", { src: `/console/vendor/${name}.production.min.js` });
      }
      await added("script", { src: "/console/vendor/graphiql.min.js" });
    })();
    return editor;
  };

  const leave = (why) => {
    held = null;
    clearTimeout(timer);
    if (root) root.unmount();
    root = null;
    at("graphiql").hidden = at("bar").hidden = true;
    at("login").hidden = false;
    at("problem").textContent = why || "";
    at("secret").value = "";
  };

  // What the tab "Headers" states, as text: {"X-Vitalhub-Purpose": "防汛避险"}. No other header is sent.
  const STATED = { "x-vitalhub-purpose": "purpose", "x-vitalhub-case": "case" };
  const plain = (text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  };
  const statedIn = (headers) => Object.fromEntries(Object.entries(headers || {})
    .filter(([name]) => name.toLowerCase() in STATED)
    .map(([name, value]) => [name.toLowerCase(), plain(String(value))]));

  const asked = (body, stated = {}) => fetch("/graphql", {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json", Accept: "application/json",
      Authorization: `Bearer ${held.access_token}`,
      ...Object.fromEntries(Object.entries(stated)
        .map(([name, value]) => [name, encodeURIComponent(value)])) },
    body: JSON.stringify(body),
  });

  const fetcher = async (body, { documentAST, headers } = {}) => {
    const stated = statedIn(headers);
    if (HubLive.isLive(body, documentAST)) {
      const payload = Object.entries(stated).map(([name, value]) => [STATED[name], value]);
      return HubLive.subscribe(body, held.access_token, Object.fromEntries(payload));
    }
    const reply = await asked(body, stated);
    if (reply.status === 401) leave("令牌已失效，请重新登录。The token has ended; log in again.");
    return reply.json();
  };

  // A person's token is followed by the next one; an application's simply ends.
  const hold = (issued) => {
    held = issued;
    const ends = new Date(Date.now() + issued.expires_in * 1000);
    at("until").textContent = `令牌有效至 ${ends.toLocaleTimeString("zh-CN")}`;
    clearTimeout(timer);
    timer = issued.refresh_token
      ? setTimeout(renew, Math.max(1, issued.expires_in - AHEAD) * 1000)
      : setTimeout(() => leave("令牌已到期，请重新登录。The token has expired; log in again."),
        issued.expires_in * 1000);
  };

  const renew = async () => {
    const before = held;
    try {
      const issued = await HubLogin.renew(before.refresh_token);
      if (held === before) hold(issued);
    } catch (wrong) {
      if (held === before) leave(wrong.message);
    }
  };

  const enter = async (issued) => {
    hold(issued);
    const me = await (await asked({ query: "{ me { clientId organisationName } }" })).json();
    if (!me.data) throw new Error(me.errors[0].message);
    await loadEditor();
    at("who").textContent = `${me.data.me.clientId} · ${me.data.me.organisationName}`;
    at("login").hidden = true;
    at("bar").hidden = at("graphiql").hidden = false;
    root = ReactDOM.createRoot(at("graphiql"));
    root.render(React.createElement(GraphiQL, {
      fetcher, defaultQuery: EXAMPLE, isHeadersEditorEnabled: true, shouldPersistHeaders: false,
      storage: memory(),
    }));
  };

  const trying = async (step) => {
    const buttons = document.querySelectorAll("#card button");
    buttons.forEach((button) => { button.disabled = true; });
    at("problem").textContent = "";
    try {
      await step();
    } catch (wrong) {
      leave(wrong.message);
    } finally {
      buttons.forEach((button) => { button.disabled = false; });
      at("secret").value = "";
    }
  };

  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    trying(async () => enter(
      await HubLogin.asApplication(at("client").value.trim(), at("secret").value)));
  });
  at("person").addEventListener("click", () => trying(HubLogin.asPerson));
  at("leave").addEventListener("click", () => {
    if (held && held.refresh_token) HubLogin.revoke(held.refresh_token);
    leave();
  });

  if (location.hash === "#login") { // sent here from another name of this machine
    history.replaceState(null, "", location.pathname);
    trying(HubLogin.asPerson);
  } else {
    trying(async () => {
      const issued = await HubLogin.returned();
      if (issued) await enter(issued);
    });
  }
})();
