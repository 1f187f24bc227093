// Log in, keep the token in this closure, load GraphiQL and hand it a fetcher that carries it.
(() => {
  "use strict";

  const EXAMPLE = `# 这里只显示您获授权的数据。按 Ctrl-空格 补全，左上角书本图标查看字段说明。
# Only what you were granted exists here. Ctrl-Space completes; the book icon shows the fields.
{
  me { clientId organisationName roles dataSets tokenExpires }
}
`;
  const at = (id) => document.getElementById(id);
  let token = null;
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

  const basic = (client, secret) => {
    const pair = `${encodeURIComponent(client)}:${encodeURIComponent(secret)}`;
    return `Basic ${btoa(pair)}`;
  };

  const logIn = async (client, secret) => {
    const reply = await fetch("/oauth/token", {
      method: "POST",
      credentials: "omit", // else the browser answers a refusal with its own password dialog
      headers: {
        Authorization: basic(client, secret),
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials",
    });
    const body = await reply.json();
    if (!reply.ok) throw new Error(body.error === "invalid_client"
      ? "客户端编号或密钥不正确。The client id or secret is wrong."
      : body.error_description || body.error);
    return body;
  };

  const leave = (why) => {
    token = null;
    clearTimeout(timer);
    if (root) root.unmount();
    root = null;
    at("graphiql").hidden = at("bar").hidden = true;
    at("login").hidden = false;
    at("problem").textContent = why || "";
    at("secret").value = "";
  };

  const fetcher = async (asked) => {
    const reply = await fetch("/graphql", {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json", Accept: "application/json",
        Authorization: `Bearer ${token}` },
      body: JSON.stringify(asked),
    });
    if (reply.status === 401) leave("令牌已失效，请重新登录。The token has ended; log in again.");
    return reply.json();
  };

  const enter = (client, issued) => {
    token = issued.access_token;
    const ends = new Date(Date.now() + issued.expires_in * 1000);
    timer = setTimeout(() => leave("令牌已到期，请重新登录。The token has expired; log in again."),
      issued.expires_in * 1000);
    at("who").textContent = client;
    at("until").textContent = `令牌有效至 ${ends.toLocaleTimeString("zh-CN")}`;
    at("login").hidden = true;
    at("bar").hidden = at("graphiql").hidden = false;
    root = ReactDOM.createRoot(at("graphiql"));
    root.render(React.createElement(GraphiQL, {
      fetcher, defaultQuery: EXAMPLE, isHeadersEditorEnabled: false, shouldPersistHeaders: false,
      storage: memory(),
    }));
  };

  at("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button");
    const client = at("client").value.trim();
    button.disabled = true;
    at("problem").textContent = "";
    try {
      const issued = await logIn(client, at("secret").value);
      await loadEditor();
      enter(client, issued);
    } catch (wrong) {
      at("problem").textContent = wrong.message;
    } finally {
      button.disabled = false;
      at("secret").value = "";
    }
  });
  at("leave").addEventListener("click", () => leave());
})();
